"""MLflow's own environment variables, where they matter to delivery."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.tracking import store

from .fates import HttpServer
from .project import FaultProject
from .proxy import HOST, Mode, Proxy
from .server import Server


class BusyProxy(Proxy):
    """Answers the first two batches of values with 500."""

    def fate(self, method: str, path: str, headers: Mapping[str, str]) -> Mode:
        """Decide on a request, and note it."""
        is_batch = path.endswith("runs/log-batch")
        self.mode = "http500" if is_batch and len(self.seen("runs/log-batch")) < 2 else "pass"
        return super().fate(method, path, headers)


class TlsProxy(Proxy):
    """Speaks TLS, as a server behind a company's own certificate authority does.

    Args:
        upstream: The server's URL.
        certificate: A file with a certificate for this address and its key.
    """

    def __init__(self, upstream: str, certificate: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        super().__init__(upstream)

    @property
    def uri(self) -> str:
        """What to track to."""
        return super().uri.replace("http:", "https:")

    def _listen(self, port: int) -> int:
        self._server = HttpServer((HOST, port), self)
        self._server.socket = self._context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return int(self._server.server_address[1])


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for this address that nobody has signed but itself, with its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a company")])
    now = dt.datetime.now(dt.timezone.utc)
    addresses = [x509.IPAddress(ipaddress.ip_address(HOST))]
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls_project(
    make_fault_project: Callable[..., FaultProject], server: Server, certificate: Path
) -> Iterator[FaultProject]:
    """A project that tracks to a server with such a certificate."""
    with contextlib.closing(TlsProxy(server.uri, certificate)) as running:
        yield make_fault_project(running.uri)


def test_async_logging(make_fault_project: Callable[..., FaultProject], server: Server) -> None:
    """Delivery logs synchronously: what MLflow's own queue would have lost is there."""
    with contextlib.closing(BusyProxy(server.uri)) as proxy:
        project = make_fault_project(proxy.uri)
        run = project.kedro(MLFLOW_ENABLE_ASYNC_LOGGING="true")
        assert run.status == 0, run.said
        assert len(proxy.seen("runs/log-batch", "http500")) == 2
    project.check_complete(run)


def test_a_certificate_that_is_not_trusted(tls_project: FaultProject) -> None:
    """Without the variable the run is kept, and the message names it."""
    run = tls_project.kedro()
    assert run.status == 0, run.said
    assert run.warnings == 1, run.said
    assert "MLFLOW_TRACKING_SERVER_CERT_PATH" in run.said
    assert len(tls_project.journals) == 1


def test_certificate_path(tls_project: FaultProject, certificate: Path) -> None:
    """With the authority's certificate the run is delivered."""
    run = tls_project.kedro(MLFLOW_TRACKING_SERVER_CERT_PATH=str(certificate))
    assert run.status == 0, run.said
    assert run.warnings == 0, run.said
    tls_project.check_complete(run)


def test_insecure_tls(tls_project: FaultProject) -> None:
    """Who asks for no check at all gets none."""
    run = tls_project.kedro(MLFLOW_TRACKING_INSECURE_TLS="true")
    assert run.status == 0, run.said
    tls_project.check_complete(run)


@pytest.mark.parametrize(("retries", "requests"), [(None, 2), ("0", 1), ("3", 4)])
def test_retries(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch, retries: str | None, requests: int
) -> None:
    """The user's number of retries of a request is used; the plugin's own is one."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", retries or "")
    if retries is None:
        monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES")
    client: Any = store.connect(proxy.uri)
    proxy.mode = "http500"
    with pytest.raises(Exception, match="500"):
        client.get_experiment("0")
    assert len(proxy.requests) == requests


def test_timeout(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's timeout of a request is used."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    client: Any = store.connect(proxy.uri)
    proxy.mode = "hang"
    begin = time.monotonic()
    with pytest.raises(Exception, match=r"[Tt]imed out"):
        client.get_experiment("0")
    assert 0.9 < time.monotonic() - begin < 5
