# npverify as an image, for pipelines:
#
#     docker build --tag npverify .
#     docker run --rm --volume "$PWD:/work:ro" npverify prove k8s
#
# It has git for paths such as git:main:k8s; kubectl, kustomize and helm are not in it: give it what they print.

FROM python:3.13.9-slim-bookworm AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
COPY grammar ./grammar
COPY proofs ./proofs
COPY docs/errors.md ./docs/errors.md
# the wheel of Z3 has its library three times; what Python loads is libz3.so
RUN python -m venv /opt/npverify \
    && /opt/npverify/bin/pip install --no-cache-dir . \
    && rm -f /opt/npverify/bin/z3 /opt/npverify/lib/python3.*/site-packages/z3/lib/libz3.so.* \
    && rm -rf /opt/npverify/lib/python3.*/site-packages/z3/include \
    && /opt/npverify/bin/pip uninstall --yes pip \
    && /opt/npverify/bin/python -c 'import z3; z3.Solver().check()'

FROM python:3.13.9-slim-bookworm
# git refuses a folder of another user, which a mounted repository is
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory '*'
COPY --from=build /opt/npverify /opt/npverify
ENV PATH="/opt/npverify/bin:$PATH"
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["npverify"]
CMD ["--help"]
