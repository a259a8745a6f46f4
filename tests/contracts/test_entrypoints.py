"""The two entry points drop variables from the environment before they import anything that reads them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vmss_upgrade.job.environment import drop_foreign_settings

PROJECT = Path(__file__).resolve().parents[2]
DROPPED = {
    "SSLKEYLOGFILE": "/tmp/keys",
    "OPENSSL_CONF": "/tmp/openssl.cnf",
    "OPENSSL_MODULES": "/tmp",
    "OPENSSL_ENGINES": "/tmp",
    "AZURE_REGIONAL_AUTHORITY_NAME": "westeurope",
    "MSAL_FORCE_REGION": "westeurope",
    "AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://evil.invalid",
    "AZURE_KUBERNETES_TOKEN_PROXY": "https://evil.invalid",
    "AZURE_IDENTITY_DISABLE_MULTITENANTAUTH": "1",
    "AZURE_TOKEN_CREDENTIALS": "dev",
    "AZURE_CLIENT_SECRET": "x",
    "AZURE_SDK_CLOUD_CONF": "nonsense",
    "AZURE_SDK_TRACING_IMPLEMENTATION": "nonsense",
    "AZURE_TRACING_ENABLED": "nonsense",
    "AZURE_LOG_LEVEL": "nonsense",
    "AZURE_SDK_LOGGING_MULTIRECORD": "1",
}
KEPT = {
    "AZURE_AUTHORITY_HOST": "https://login.local",
    "AZURE_HTTP_USER_AGENT": "pid-1",
    "AZURE_FEDERATED_TOKEN_FILE": "/var/run/secrets/azure/tokens/azure-identity-token",
    "AZURE_TENANT_ID": "x",
    "AZURE_CLIENT_ID": "x",
    "IDENTITY_ENDPOINT": "http://127.0.0.1/",
    "REQUESTS_CA_BUNDLE": "/ca.pem",
    "HTTPS_PROXY": "http://proxy",
    "INPUT_SCALE-SET": "web",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://github.invalid/",
}
HEEDFUL = ("ssl", "_ssl", "_hashlib", "urllib3", "requests", "azure", "msal")
MAIN = f"""
import json, os, sys
def main(**_):
    print(json.dumps([dict(os.environ), [name for name in {HEEDFUL} if name in AT_IMPORT], ENVIRONMENT]))
AT_IMPORT, ENVIRONMENT = list(sys.modules), dict(os.environ)
"""


@pytest.mark.parametrize(
    ("entrypoint", "module"), [("entrypoint.py", "main"), ("post_entrypoint.py", "post")], ids=["main", "post"]
)
def test_variables_are_dropped_before_anything_is_imported(entrypoint: str, module: str, tmp_path: Path) -> None:
    house = tmp_path / "src" / "vmss_upgrade"
    (house / "job").mkdir(parents=True)
    shutil.copy(PROJECT / entrypoint, tmp_path)
    for file in ("__init__.py", "job/__init__.py", "job/environment.py"):
        shutil.copy(PROJECT / "src" / "vmss_upgrade" / file, house / file)
    shutil.copytree(PROJECT / "src" / "vmss_rehearsal", tmp_path / "src" / "vmss_rehearsal")
    (house / f"{module}.py").write_text(MAIN)
    command = [sys.executable, "-I", "-u", str(tmp_path / entrypoint)]
    done = subprocess.run(command, env={**DROPPED, **KEPT}, capture_output=True, text=True)
    later, imported, at_import = json.loads(done.stdout or done.stderr)
    assert imported == []
    for environment in (later, at_import):
        assert not DROPPED.keys() & environment.keys()
        assert KEPT.items() <= environment.items()


def test_variables_that_only_look_alike_are_kept() -> None:
    given = {"AZURE": "1", "MY_AZURE_X": "1", "MSALX": "1", "azure_x": "1"}
    left = dict(given)
    drop_foreign_settings(left)
    assert left == given


@pytest.mark.slow
def test_invalid_settings_of_the_sdk_do_not_end_the_run() -> None:
    """azure-core reads all of them when it makes a client, and raises ValueError."""
    given = {
        "SCALE-SET": "web",
        "RESOURCE-GROUP": "rg",
        "SUBSCRIPTION-ID": "00000000-0000-4000-8000-00000000005b",
        "TENANT-ID": "contoso.com",
        "CLIENT-ID": "00000000-0000-4000-8000-0000000000c1",
        "CLIENT-SECRET": "s3cret",
        "OPERATION": "status",
        "TIMEOUT": "1s",
    }
    environ = {
        **{f"INPUT_{name}": value for name, value in given.items()},
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "PATH": os.environ["PATH"],
        **DROPPED,
    }
    command = [sys.executable, "-I", str(PROJECT / "entrypoint.py")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=100)
    assert "Traceback" not in done.stdout + done.stderr
    assert "Signing in with a client secret at https://login.microsoftonline.com" in done.stdout
