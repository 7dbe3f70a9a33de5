# `faceinsight serve` in a container. Python wheels of the CPU build of PyTorch; for one with CUDA:
#   docker build --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130 -t faceinsight:cuda .
FROM python:3.11-slim

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV DO_NOT_TRACK=1 \
    HF_HUB_DISABLE_TELEMETRY=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1

RUN useradd --create-home --uid 10001 faceinsight

WORKDIR /opt/faceinsight
COPY pyproject.toml requirements.txt README.md LICENSE ./
COPY src ./src
RUN pip install --extra-index-url ${TORCH_INDEX} --constraint requirements.txt ".[serve]"

USER faceinsight
WORKDIR /home/faceinsight

# Mount a trained model here, read-only: data/06_models/lgc/model, or one version of it.
ENV FACEINSIGHT_MODEL=/model
VOLUME /model
EXPOSE 8000

HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health', timeout=4)"]

# Others reach 0.0.0.0, so the server asks for a token: FACEINSIGHT_TOKEN, 16 characters or more.
CMD ["faceinsight", "serve", "--host=0.0.0.0", "--port=8000"]
