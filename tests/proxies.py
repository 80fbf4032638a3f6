"""nginx and Caddy as processes, in front of a web server, with the very configuration that docs/deploy.md has."""

import os
import re
import shutil
import ssl
import subprocess
from contextlib import contextmanager

import httpx
import pytest

from tests.services import free_port, until
from tests.stack import ROOT

HOST = "studio.example"
DOCUMENT = ROOT / "docs" / "deploy.md"
# What the machine's own nginx.conf says around it.
NGINX = """
daemon off;
user root;
pid nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    scgi_temp_path scgi;
    uwsgi_temp_path uwsgi;
"""
CADDY = """
{
    admin off
    default_bind 127.0.0.1
"""
CERTIFICATE = [
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-subj",
    f"/CN={HOST}",
] + ["-addext", f"subjectAltName=DNS:{HOST}", "-keyout", "key.pem", "-out", "cert.pem"]


class Site:
    """What the world reaches: `plain` and `secure` are the ports of HTTP and HTTPS."""

    def __init__(self, folder):
        self.folder = folder
        self.plain, self.secure = free_port(), free_port()
        subprocess.run(CERTIFICATE, cwd=folder, check=True, capture_output=True, timeout=60)
        self.trusted = ssl.create_default_context(cafile=folder / "cert.pem")

    def client(self, address="127.0.0.1"):
        """A client of the site that comes from this address of the machine's."""
        return httpx.Client(
            base_url=f"https://127.0.0.1:{self.secure}",
            headers={"Host": HOST},
            event_hooks={"request": [named]},
            transport=httpx.HTTPTransport(verify=self.trusted, local_address=address),
            timeout=60,
        )

    def answers(self):
        with self.client() as client:
            return client.get("/health").is_success


def named(request):
    request.extensions["sni_hostname"] = HOST


def documented(language):
    """The blocks of configuration in the document, in their order."""
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)


def changed(text, **changes):
    """The text with what must differ here: `{name: (pattern, replacement)}`; each pattern must be there once."""
    for name, (pattern, replacement) in changes.items():
        text, times = re.subn(pattern, replacement, text)
        assert times == 1, f"docs/deploy.md has {times} of what is to be the {name}: {pattern}"
    return text


def nginx(site, web, bucket=None):
    """The command that runs nginx; with `bucket`, the folder that it sends media from itself."""
    server, sending = documented("nginx")
    server = changed(
        server,
        plain=("listen 80;", f"listen 127.0.0.1:{site.plain};"),
        secure=("listen 443 ", f"listen 127.0.0.1:{site.secure} "),
        certificate=(r"ssl_certificate \S+;", f"ssl_certificate {site.folder}/cert.pem;"),
        key=(r"ssl_certificate_key \S+;", f"ssl_certificate_key {site.folder}/key.pem;"),
        web=(r"127\.0\.0\.1:8000", f"127.0.0.1:{web}"),
    )
    if bucket:
        sending = changed(sending, folder=(r"alias \S+;", f"alias {bucket}/;"))
        server = server.rstrip().removesuffix("}") + sending + "}\n"
    (site.folder / "nginx.conf").write_text(f"{NGINX}{server}}}")
    return ["nginx", "-p", f"{site.folder}/", "-c", "nginx.conf", "-e", "stderr"]


def caddy(site, web):
    """The command that runs Caddy; a certificate is given, since the world's would be asked for."""
    own = f"{{\n    tls {site.folder}/cert.pem {site.folder}/key.pem\n"
    server = changed(
        *documented("caddyfile"),
        certificate=(rf"^{re.escape(HOST)} {{\n", f"{HOST} {own}"),
        web=(r"127\.0\.0\.1:8000", f"127.0.0.1:{web}"),
    )
    ports = f"    http_port {site.plain}\n    https_port {site.secure}\n}}\n"
    (site.folder / "Caddyfile").write_text(CADDY + ports + server)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", "Caddyfile"]


def needs(program):
    """Where it is not installed, CI fails and a developer's run leaves the test out."""
    if not shutil.which(program):
        sentence = f"This test needs {program}: apt-get install nginx-light caddy"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(sentence)


@contextmanager
def running(site, command):
    """The proxy runs while the block does."""
    needs(command[0])
    log = site.folder / "proxy.log"
    # Where Caddy keeps what it finds worth keeping.
    env = {**os.environ, "XDG_CONFIG_HOME": str(site.folder), "XDG_DATA_HOME": str(site.folder)}
    with log.open("wb") as said:
        process = subprocess.Popen(command, cwd=site.folder, stdout=said, stderr=said, env=env)
    try:
        assert until(site.answers, httpx.TransportError, process), log.read_text()
        yield site
    finally:
        process.terminate()
        process.wait(60)
