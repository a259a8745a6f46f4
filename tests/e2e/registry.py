"""Debian's image registry on this machine: one folder, served as a private package is, and as a public one is."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server
from typing import Any

# `crypt("push-token", ...)`: bcrypt is the only hash that the registry reads.
USER, PASSWORD = "robot", "push-token"
HTPASSWD = f"{USER}:$2b$05$abcdefghijklmnopqrstuuptK8YQIz/cXHcIYqzBXVT8h42pG9jkO\n"
SECONDS_TO_START = 30
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True, slots=True)
class Registry:
    """The addresses, HOST:PORT, of one collection of images: `private` asks for the password, `public` does not."""

    private: str
    public: str

    def compressed_size(self, name: str, reference: str) -> int:
        """Return the bytes that a pull of the image loads."""
        address = f"http://{self.public}/v2/{name}/manifests/{reference}"
        with urllib.request.urlopen(urllib.request.Request(address, headers={"Accept": MANIFEST})) as answer:
            manifest: dict[str, Any] = json.load(answer)
        return sum(int(layer["size"]) for layer in manifest["layers"])


@contextmanager
def serving_images(folder: Path) -> Iterator[Registry]:
    """Serve `folder` until the block ends."""
    (folder / "htpasswd").write_text(HTPASSWD)
    auth = {"auth": {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}}
    with ExitStack() as servers:
        yield Registry(servers.enter_context(_serving(folder, auth)), servers.enter_context(_serving(folder, {})))


@contextmanager
def _serving(folder: Path, more: dict[str, Any]) -> Iterator[str]:
    with create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    storage = {"filesystem": {"rootdirectory": str(folder / "images")}}
    configuration = folder / f"{address}.json"  # JSON is YAML
    configuration.write_text(json.dumps({"version": 0.1, "storage": storage, "http": {"addr": address}} | more))
    with (folder / f"{address}.log").open("w") as log:
        server = subprocess.Popen(["docker-registry", "serve", str(configuration)], stdout=log, stderr=log)
        try:
            _wait_until_ready(server, address)
            yield address
        finally:
            server.terminate()
            server.wait(10)


def _wait_until_ready(server: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"http://{address}/").close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the registry at {address} did not start")
