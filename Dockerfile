# Works with the official base image and with one that has Debian's own Python (tools/base-image.sh). It therefore uses
# `python3` and a virtual environment, and nothing specific to BuildKit, since some runners build without it. The base
# is named by tag, not by digest: each build gets the fixes of Debian and Python, and a base made locally has no digest.
FROM python:3.13-slim-trixie AS build

# pip gets a separate environment, so that the shipped one never contains it.
RUN python3 -m venv /opt/pip && python3 -m venv --without-pip /opt/venv

# --no-deps: the lock names everything, and leaves out on purpose what requirements-excluded.in lists. Also removed: the
# asynchronous half of the SDK, the C half of PyYAML, which safe_load does not use, and tests that a package installs.
COPY requirements.txt /build/
RUN /opt/pip/bin/python -m pip --python /opt/venv/bin/python install --no-deps \
      --no-cache-dir --no-compile --require-hashes --only-binary :all: --requirement /build/requirements.txt \
 && rm -rf /opt/venv/lib/python3*/site-packages/azure/identity/aio /opt/venv/lib/python3*/site-packages/azure/mgmt/*/aio \
      /opt/venv/lib/python3*/site-packages/yaml/_yaml.*.so /opt/venv/lib/python3*/site-packages/tests \
 && /opt/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib

COPY action.yml entrypoint.py post_entrypoint.py /opt/vmss-upgrade/
COPY src/vmss_upgrade /opt/vmss-upgrade/src/vmss_upgrade
# A rehearsal needs the simulator, but none of its scenarios.
COPY src/azure_simulator /opt/vmss-upgrade/src/azure_simulator
COPY src/vmss_rehearsal /opt/vmss-upgrade/src/vmss_rehearsal
# Both entry points are executed directly, so their mode must not depend on the build machine.
RUN rm -rf /opt/vmss-upgrade/src/azure_simulator/scenarios \
 && chmod 755 /opt/vmss-upgrade/entrypoint.py /opt/vmss-upgrade/post_entrypoint.py \
 && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/vmss-upgrade/src


FROM python:3.13-slim-trixie

# The action needs no installers: remove pip and the packages that install it, the package manager, and Perl, in which
# parts of it are written. /var/lib/dpkg stays, so that scanners know the packages in the image. No program needs more
# rights than its caller: remove every setuid and setgid bit.
RUN rm -rf /usr/lib/python3*/ensurepip /usr/local/lib/python3*/ensurepip /usr/share/python-wheels /usr/local/bin/pip* \
      /usr/local/lib/python3*/site-packages/pip* /usr/lib/python3/dist-packages/pip* \
      /usr/bin/apt* /usr/lib/apt /usr/lib/*/libapt-* /usr/share/keyrings /etc/apt /var/lib/apt /var/cache/apt \
      /usr/bin/dpkg* /usr/sbin/dpkg* /usr/lib/dpkg /usr/share/dpkg /usr/bin/update-alternatives /usr/bin/deb-systemd-* \
      /usr/bin/debconf* /usr/share/debconf /usr/sbin/pam-auth-update \
      /usr/bin/perl* /usr/lib/*/perl* /usr/share/perl* \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} +

COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/vmss-upgrade /opt/vmss-upgrade

# The base lacks the compiled files of the standard library. Importing every module of the program once writes those
# that it uses, which saves a third of a second at each start.
RUN PYTHONDONTWRITEBYTECODE="" PYTHONPATH=/opt/vmss-upgrade/src /opt/venv/bin/python -c \
     "import importlib, pkgutil, vmss_upgrade; \
      [importlib.import_module(m.name) for m in pkgutil.walk_packages(vmss_upgrade.__path__, 'vmss_upgrade.')]"

# A release adds source, version, revision and base (tools/release/build.sh).
LABEL org.opencontainers.image.title="vmss-upgrade" \
      org.opencontainers.image.description="GitHub Action: rolls an OS image over an Azure VM scale set" \
      org.opencontainers.image.licenses="MIT"

# No USER: the runner's command files belong to another user, so only root can write to them.
# The same file as in action.yml, whose first line holds Python's flags. No shell: it would drop INPUT_RESOURCE-GROUP
# because of its hyphen, and would be PID 1 instead of the program.
ENTRYPOINT ["/opt/vmss-upgrade/entrypoint.py"]
