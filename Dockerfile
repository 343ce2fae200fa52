# Build: docker build --tag ballast .
# Run:   docker compose up --detach   (compose.yaml; what each line there is for: docs/operations.md)
# Keys come from the environment at run time and are in no layer.
# Page:  it listens inside the container only. To see it, set BALLAST_WATCH__LISTEN=0.0.0.0:8787 and
#        BALLAST_WATCH__OPEN_TO_NETWORK=true, and publish it to this machine alone: -p 127.0.0.1:8787:8787

# Pin the base by digest where you build, so that the same source gives the same image; docs/operations.md says how:
#   docker build --build-arg BASE=python:3.11-slim@sha256:... --tag ballast .
ARG BASE=python:3.11-slim
FROM ${BASE} AS build
WORKDIR /build
RUN python -m venv /opt/ballast
COPY requirements.lock requirements-alerts.lock ./
RUN /opt/ballast/bin/python -m pip install --disable-pip-version-check --no-cache-dir --require-hashes \
      --only-binary :all: -r requirements.lock
# What sends alerts; leave it out with --build-arg ALERTS=no.
ARG ALERTS=yes
RUN [ "$ALERTS" != yes ] || /opt/ballast/bin/python -m pip install --disable-pip-version-check --no-cache-dir \
      --require-hashes --only-binary :all: -r requirements-alerts.lock
COPY pyproject.toml README.md ./
COPY bot ./bot
RUN /opt/ballast/bin/python -m pip install --disable-pip-version-check --no-cache-dir --no-deps --no-build-isolation \
      --no-index . \
 && /opt/ballast/bin/python -m compileall -q /opt/ballast/lib

FROM ${BASE}
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin ballast \
 && mkdir -p /data/state && chown ballast /data/state
COPY --from=build /opt/ballast /opt/ballast
COPY config /opt/ballast/config
ENV PATH=/opt/ballast/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /data
VOLUME /data/state
USER 10001
# Reads the journal only and cannot trade: unhealthy when cycles have stopped or Ballast has halted itself. A venue that is
# down is not: Ballast waits for it, and a restart would not help.
HEALTHCHECK --interval=60s --timeout=10s --start-period=120s --retries=3 \
  CMD ["sh", "-c", "ballast status --healthy || exit 1"]
ENTRYPOINT ["ballast"]
CMD ["run", "--log-format", "json"]
