# The version of Python that the tests run on.
FROM python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv --without-pip /opt/orders
WORKDIR /src
COPY requirements.lock ./
RUN pip --python /opt/orders install --require-hashes --only-binary :all: --requirement requirements.lock
COPY . .
# The lock includes the build tool, so that no file is used without its hash.
RUN pip --python /opt/orders install --no-deps --no-index --no-build-isolation .


FROM python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d

RUN useradd --create-home --uid 10001 orders
COPY --from=build /opt/orders /opt/orders
# The C library returns what the start has freed to the system, 7 MB of a worker: by default it keeps up to twice its largest block.
ENV PATH=/opt/orders/bin:$PATH PYTHONUNBUFFERED=1 MALLOC_TRIM_THRESHOLD_=131072
# By number: Kubernetes' runAsNonRoot cannot check a name.
USER 10001
WORKDIR /home/orders

# A stopping worker finishes activities in progress: set the grace period to more than ORDERS_SHUTDOWN_SECONDS.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=20s --start-period=30s --retries=3 CMD ["orders", "health"]
ENTRYPOINT ["orders"]
CMD ["worker"]
