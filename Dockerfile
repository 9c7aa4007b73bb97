# Slipway's base image. Both of Docker's builders take this file: no RUN --mount, COPY --chmod, heredoc.
# The base may be any Debian-based image whose archive has Python 3.10 or later, whoever its USER is.
#
# What changes rarely is below what changes often: a new version of slipway/ has new layers of 3 MB.
ARG IMAGE_BASE=debian:bookworm-slim

# --- What Debian's archive gives. Its layers know one file of tasks/, and nothing else of Slipway.
FROM ${IMAGE_BASE} AS packages
USER root
# `make` gathers the host's extra CAs in build/ca-certificates; without make there may be none. A base
# that has the package ca-certificates gets them before apt's first connection, others by installing it.
COPY config/ca-certificates/ build/ca-certificates/*.crt /usr/local/share/ca-certificates/
COPY assembly/install.py /opt/slipway/assembly/
COPY tasks/packages.py /opt/slipway/tasks/
COPY slipway/system/traces.py /opt/slipway/slipway/system/
# The day that the packages are of. Another one has them fetched anew: `make update`.
ARG PACKAGES_OF=
RUN if command -v update-ca-certificates && find /usr/local/share/ca-certificates -name '*.crt' | grep .; \
    then update-ca-certificates; fi >/dev/null \
 && apt-get -q update \
 && DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install \
        ca-certificates python3 \
 && python3 -I -B /opt/slipway/assembly/install.py "${PACKAGES_OF}" \
 && apt-get clean

# --- The venv: built here, so that pip and a build backend stay out of the image. Byte-code has no
# debug ranges, the columns that a traceback underlines: it is a twelfth smaller, and read sooner.
FROM packages AS venv
RUN apt-get -q update \
 && DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install python3-venv
COPY requirements.lock requirements-build.lock /tmp/
COPY assembly/__init__.py assembly/left-out.txt assembly/prune.py /opt/slipway/assembly/
COPY assembly/stand_ins/ /opt/slipway/assembly/stand_ins/
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /tools \
 && /tools/bin/pip install --require-hashes --only-binary :all: -r /tmp/requirements-build.lock \
 && python3 -m venv /opt/slipway/venv \
 && /opt/slipway/venv/bin/pip install --no-compile --require-hashes --only-binary :all: \
        -r /tmp/requirements.lock \
 && /opt/slipway/venv/bin/pip uninstall -q -y -r /opt/slipway/assembly/left-out.txt \
 && /opt/slipway/venv/bin/pip uninstall -q -y setuptools pip \
 && /opt/slipway/venv/bin/python3 -I -B -X no_debug_ranges /opt/slipway/assembly/prune.py

# --- The project: compiled, and known to the venv.
FROM venv AS project
COPY pyproject.toml README.md LICENSE deploy.py inventory.py /opt/slipway/
COPY tasks/ /opt/slipway/tasks/
COPY files/ /opt/slipway/files/
COPY tests/image/ /opt/slipway/tests/image/
COPY slipway/ /opt/slipway/slipway/
COPY assembly/line_table.py assembly/project.py /opt/slipway/assembly/
RUN /tools/bin/python3 -I -B -X no_debug_ranges /opt/slipway/assembly/project.py

# --- The image: its own deploy.py brings it to the state that it brings every container to.
FROM packages
COPY --from=venv /opt/slipway/venv/ /opt/slipway/venv/
COPY --from=project /project/ /
COPY --from=project /code/ /
# For `docker exec`, which gives a command what the image has and nothing of what Slipway adds
ENV LANG=${LANG:-C.UTF-8}
# Seconds since 1970 that what is made here is dated as; empty for now.
ARG SOURCE_DATE_EPOCH=
RUN /opt/slipway/venv/bin/python3 -I -m slipway converge --phase build
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG IMAGE_BASE
LABEL org.opencontainers.image.title="Slipway" \
      org.opencontainers.image.description="Base image for rented GPUs: SSH, a shared workspace, cloud storage, supervised services" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${IMAGE_BASE}" \
      slipway.version="${VERSION}"
EXPOSE 22 53682
# By number: the engine finds it whatever is mounted over /etc/passwd, or becomes of that
USER 0
# Every 5 s: Docker asks for the first time after one interval, so a container that has converged is
# healthy 5 s after its start, and a slow one has a second chance within 15 s (--start-interval would
# do it with fewer questions; Docker 20.10 does not know it). Two failures in a row, because Docker
# counts the interval from the end of a probe, and one of a server that hangs takes two seconds: a
# container that is ill is known to be within three intervals.
HEALTHCHECK --interval=5s --timeout=5s --start-period=15s --retries=2 CMD ["/usr/local/bin/slipway", "health", "--kept"]
# INT and QUIT wait until supervisord can take them: Python's own handler for INT, which is there from
# its first moment, would end some import with a traceback, or lose the signal.
ENTRYPOINT ["/usr/bin/tini", "-s", "--", "/usr/bin/env", "--block-signal=INT", "--block-signal=QUIT", "/opt/slipway/venv/bin/python3", "-I", "-m", "slipway.commands.entrypoint"]
