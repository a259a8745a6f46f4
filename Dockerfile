# Runs on the official base image and on one whose Python is Debian's own (tools/base-image.sh): `python3`, a virtual
# environment, and nothing that only BuildKit understands, since not every runner's builder is BuildKit. By its tag, not
# by a digest: each build gets the fixes of Debian and Python, and the base that is made locally has no digest.
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

# What installs is of no use to the action: pip and what brings it, the package manager with the Perl that its parts are
# written in. /var/lib/dpkg stays, by which scanners know what is in the image. Nor does anything need to be more than it
# is started as: no file keeps its setuid or setgid bit.
RUN rm -rf /usr/lib/python3*/ensurepip /usr/local/lib/python3*/ensurepip /usr/share/python-wheels /usr/local/bin/pip* \
      /usr/local/lib/python3*/site-packages/pip* /usr/lib/python3/dist-packages/pip* \
      /usr/bin/apt* /usr/lib/apt /usr/lib/*/libapt-* /usr/share/keyrings /etc/apt /var/lib/apt /var/cache/apt \
      /usr/bin/dpkg* /usr/sbin/dpkg* /usr/lib/dpkg /usr/share/dpkg /usr/bin/update-alternatives /usr/bin/deb-systemd-* \
      /usr/bin/debconf* /usr/share/debconf /usr/sbin/pam-auth-update \
      /usr/bin/perl* /usr/lib/*/perl* /usr/share/perl* \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} +

COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/vmss-upgrade /opt/vmss-upgrade

# The base comes without the standard library's compiled files. Importing every module of the program once writes those
# that it uses, which saves a third of a second at each start.
RUN PYTHONDONTWRITEBYTECODE="" PYTHONPATH=/opt/vmss-upgrade/src /opt/venv/bin/python -c \
     "import importlib, pkgutil, vmss_upgrade; \
      [importlib.import_module(m.name) for m in pkgutil.walk_packages(vmss_upgrade.__path__, 'vmss_upgrade.')]"

# No USER: the runner's command files belong to another user, and only root may write to them.
# -I: a PYTHONPATH that the workflow sets for its own tests must not reach into the action; -u: lines appear as they
# happen. Exec form: a shell drops INPUT_RESOURCE-GROUP for its hyphen, and would be PID 1 in place of the program.
ENTRYPOINT ["/opt/venv/bin/python", "-I", "-u", "/opt/vmss-upgrade/entrypoint.py"]
