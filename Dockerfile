# Runs on the official base image and on one whose Python is Debian's own (tools/base-image.sh): `python3`, a virtual
# environment, and nothing that only BuildKit understands, since not every runner's builder is BuildKit.
FROM python:3.13-slim-trixie AS build

# pip lives in an environment of its own, so that the one that is shipped never had it.
RUN python3 -m venv /opt/pip && python3 -m venv --without-pip /opt/venv

COPY requirements.txt /build/
RUN /opt/pip/bin/python -m pip --python /opt/venv/bin/python install \
      --no-cache-dir --no-compile --require-hashes --only-binary :all: --requirement /build/requirements.txt \
 && /opt/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib

COPY entrypoint.py post_entrypoint.py /opt/vmss-upgrade/
COPY src/vmss_upgrade /opt/vmss-upgrade/src/vmss_upgrade
# The rehearsal needs the simulator, and stays out here: builders differ in how they read .dockerignore.
# The post step's file is executed by itself, whatever mode it had where the image is built.
RUN rm -f /opt/vmss-upgrade/src/vmss_upgrade/rehearsal.py \
 && chmod 755 /opt/vmss-upgrade/post_entrypoint.py \
 && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/vmss-upgrade/src


FROM python:3.13-slim-trixie

# The base's own pip, ensurepip and bundled wheels are of no use to the action.
RUN python3 -c 'import sysconfig; print(*map(sysconfig.get_path, ("stdlib", "purelib")))' \
    | { read -r stdlib purelib; rm -rf "$stdlib/ensurepip" "$purelib/pip" "$purelib"/pip-*.dist-info; } \
 && rm -rf /usr/share/python-wheels /usr/local/bin/pip*

COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/vmss-upgrade /opt/vmss-upgrade

# The base comes without the standard library's compiled files. Importing every module of the program once writes those
# that it uses, which saves a third of a second at each start.
RUN PYTHONDONTWRITEBYTECODE= PYTHONPATH=/opt/vmss-upgrade/src /opt/venv/bin/python -c \
     "import importlib, pkgutil, vmss_upgrade; \
      [importlib.import_module(m.name) for m in pkgutil.walk_packages(vmss_upgrade.__path__, 'vmss_upgrade.')]"

# No USER: the runner's command files belong to another user, and only root may write to them.
# -I: a PYTHONPATH that the workflow sets for its own tests must not reach into the action; -u: lines appear as they
# happen. Exec form: a shell drops INPUT_RESOURCE-GROUP for its hyphen, and would be PID 1 in place of the program.
ENTRYPOINT ["/opt/venv/bin/python", "-I", "-u", "/opt/vmss-upgrade/entrypoint.py"]
