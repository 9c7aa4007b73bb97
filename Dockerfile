# Slipway's base image. Both of Docker's builders take this file: no RUN --mount, COPY --chmod, heredoc.
# The base may be any Debian-based image whose archive has Python 3.10 or later.
ARG IMAGE_BASE=debian:bookworm-slim

# --- The project with its venv: built here, so that pip and a build backend stay out of the image.
FROM ${IMAGE_BASE} AS venv
# `make` gathers the host's extra CAs in build/ca-certificates; without make there may be none.
COPY config/ca-certificates/ build/ca-certificates/*.crt /usr/local/share/ca-certificates/
RUN apt-get -q update \
 && DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install \
        ca-certificates python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
COPY requirements.lock requirements-build.lock /tmp/
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /opt/slipway/venv \
 && /opt/slipway/venv/bin/pip install --require-hashes --only-binary :all: \
        -r /tmp/requirements.lock -r /tmp/requirements-build.lock
COPY pyproject.toml README.md LICENSE deploy.py inventory.py /opt/slipway/
COPY slipway/ /opt/slipway/slipway/
COPY tasks/ /opt/slipway/tasks/
COPY files/ /opt/slipway/files/
COPY tests/image/ /opt/slipway/tests/image/
RUN /opt/slipway/venv/bin/pip install --no-deps --no-build-isolation --editable /opt/slipway \
 && /opt/slipway/venv/bin/pip uninstall -q -y setuptools pip \
 && rm -rf /opt/slipway/build \
 && find /opt/slipway -name __pycache__ -prune -exec rm -rf {} + \
 && /opt/slipway/venv/bin/python3 -m compileall -q -j 0 /opt/slipway

# --- The image: its own deploy.py brings it to the state that it brings every container to.
FROM ${IMAGE_BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Slipway" \
      org.opencontainers.image.description="Base image for rented GPUs: SSH, a shared workspace, cloud storage, supervised services" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      slipway.version="${VERSION}"
COPY --from=venv /usr/local/share/ca-certificates/ /usr/local/share/ca-certificates/
RUN apt-get -q update \
 && DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install \
        ca-certificates python3 \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
COPY --from=venv /opt/slipway/ /opt/slipway/
RUN /opt/slipway/venv/bin/python3 -I -m slipway converge --phase build
EXPOSE 22 53682
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 CMD ["slipway", "health"]
ENTRYPOINT ["/usr/bin/tini", "-s", "--", "/opt/slipway/venv/bin/python3", "-I", "-m", "slipway.entrypoint"]
