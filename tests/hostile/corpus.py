"""What strangers of ill will send: paths, slugs, file names, addresses, uploads and archives."""

import gzip
import io
import json
import stat
import struct
import tarfile
import zipfile
import zlib
from itertools import product

# Ways up and out, as they stand in an address: plain, encoded once, twice, over long, with other slashes.
DOTS = [
    "..",
    "%2e%2e",
    "%2E.",
    ".%2e",
    "%252e%252e",
    "%c0%ae%c0%ae",
    "%uff0e%uff0e",
    "%ef%bc%8e%ef%bc%8e",
    "..;",
]
SLASHES = ["%2f", "%2F", "%5c", "%252f", "%255c", "%c0%af", "%ef%bc%8f", "\\"]
GOALS = ["sentinel.txt", "etc%2fpasswd", ".env", "db%2flocal.db"]
UPWARDS = [
    f"{dots}{slash}{goal}" for (dots, slash), goal in zip(product(DOTS, SLASHES), GOALS * 18, strict=True)
]

# One segment that is no name.
SEGMENTS = [
    ".", "..", "...", "%2e", "%2e%2e", "%00", "a%00.png", "%00.png", "a.png%00", "%0a", "a%0ab.png", "%0d%0aX: y",
    "%7f", "%1b[31m", "~", "~root", "-rf", "--help", "$HOME", "`id`", "$(id)", "a;b.png", "a|b.png", "a&b.png",
    "*", "%3f", "a*.png", "[a]", "{a,b}", "%25", "%", "%zz", "%e2%80%ae", "a%e2%80%8b.png", "%ef%bb%bfa.png",
    "%ff%fe", "%80", "%ed%a0%80", "caf%c3%a9.png", "%f0%9f%92%a9.png", "%ce%b1.png", "a%cc%81.png", "%e2%88%95etc",
    "C:", "C:%5cwindows", "%5c%5cserver%5cshare", "file:", "http:%2f%2fevil.example", "%2fetc%2fpasswd",
    "%2f%2fetc%2fpasswd", ".env", ".git", ".htaccess", ".part-1", ".aside-1", ".filling-1", ".gone-1", ".DS_Store",
    "a.png.", "a.png%20", "%20a.png", "a%2fb.png", "a%5cb.png", "a" * 151, "a" * 5000, "%2e" * 200, "con.", "nul:",
    "%2e%2e%2e%2f%2f", "..%00", "..%0a", "..%20", "%20..", "..%09", "'%20OR%201=1--", "%3cscript%3e", "{{7*7}}",
    "%24%7bjndi:ldap:%7d",
]  # fmt: skip

# What Windows calls a device is an ordinary name here, of a file that is not there.
DEVICES = ["con", "nul", "aux.png", "com1.mp4", "lpt1", "prn.mp3"]

SLUGS = [
    ".", "..", "../x", "..\\x", "a/b", "a\\b", "/etc", "a\x00b", "\x00", " ", "a b", "a.b", ".a", "a.",
    "-a", "a-", "a--b", "_a", "A", "é", "а", "a\u202e", "a\u200b", "ａ", "a\n", "a\r\nb", "%2e%2e", "..%2f",
    "a" * 101, "a" * 10_000,
    "C:\\x", "\\\\server", "http://x", "'; DROP TABLE univers; --", "$(id)", "<b>", "\ud800", "ﬁ", "①",
]  # fmt: skip

# Names of files within an archive.
NAMES = [
    "../sentinel.txt", "..\\sentinel.txt", "/etc/passwd", "C:\\x.png", "files/../../sentinel.txt", "files/a/../../x",
    "files/./a.png", "files//a.png", "files/a\x00.png", "files/" + "a" * 200 + ".png", "files/é.png",
    "files/%2e%2e%2fx", "files/con:", "./manifest.json", "files/..", "files/.", "files/-rf", "\\\\server\\share",
    "files/a.exe", "files/a.php", "files/a.svg", "files/a.html", "files/sub/a.png", "files/a.png.",
    "files/a.png ", "files/\u202egnp.a", "files/a.png\n", "MANIFEST.JSON", "manifest.json/x",
    "files/~root", "files/$(id).png", "files/a;b.png", "files/a|b.png", "//server/share/a.png",
    "files/../manifest.json",
]  # fmt: skip

# What may not be the address of a picture or song.
URLS = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)",
    "\x01javascript:alert(1)",
    "javascript://x/%0aalert(1)", "vbscript:msgbox(1)", "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD4=", "data:image/svg+xml;base64,PHN2Zz4=", "data:,x", "blob:https://x/1",
    "file:///etc/passwd",
    "file://localhost/etc/passwd", "ftp://evil.example/a.png", "gopher://127.0.0.1:6379/_FLUSHALL",
    "dict://127.0.0.1:11211/",
    "ldap://evil.example/a", "jar:https://evil.example/a.jar!/x", "view-source:https://x", "about:blank",
    "ws://evil.example/",
    "mailto:a@evil.example", "tel:123", "intent://x#Intent;end", "php://filter/resource=/etc/passwd", "expect://id",
    "phar://a.png", "netdoc:///etc/passwd", "smb://evil.example/share", "\\\\evil.example\\share",
    "/\\evil.example/a.png",
    "https:\\\\evil.example", "https:evil.example", "https:/evil.example", "http://", "https://", "https:///a.png",
    "//",
    "https://user@evil.example/a", "https://user:word@evil.example/a", "https://good.example@evil.example/a",
    "//user@evil.example/a", "https://evil.example:99999/a", "https://evil.example:port/a",
    "https://evil.example:0/a",
    "https://exa mple/a", "https://evil%2eexample/a", "https://[::1/a", "https://[not-an-address]/a",
    "https://evil.example\x00/a",
    "https://evil.example/a\r\nSet-Cookie: x=1", "https://evil.example/\u202egnp.exe",
    "https://evil.example/a\ttab", "\x00",
    "https://x/" + "a" * 2000, 7, ["https://x"], {"a": 1}, True,
]  # fmt: skip

# Names under which nobody reaches us.
HOSTS = [
    "evil.example", "localhost.evil.example", "localhost@evil.example", "localhost:80@evil.example",
    "127.0.0.1.evil.example",
    "evil.example:80", "localhost:port", "localhost:80:80", "2130706433", "0x7f000001", "0177.0.0.1", "127.1",
    "[::1", "[::ffff:127.0.0.1]",
    "169.254.169.254", "localhost/x", "localhost\\x", "localhost?x", "localhost#x", "localhost,evil.example",
    "a" * 300, "xn--lcalhost-3ya", "l\u00f6calhost", "<script>", "'", "*", ".", "..",
]  # fmt: skip


def png(width, height, *chunks):
    """A PNG that says it has this size, and then whatever it says."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    made = b"\x89PNG\r\n\x1a\n"
    for kind, content in ((b"IHDR", header), *chunks):
        made += (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )
    return made


ZEROS = zlib.compress(b"\x00" * 1_000_000, 9)
UPLOADS = {
    "empty": b"",
    "zeros": b"\x00" * 5000,
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "svg with entities": b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><svg>&a;</svg>",
    "svg bomb": b"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]><svg>&b;</svg>",
    "html": b"<!doctype html><script>alert(1)</script>",
    "html after a picture's first bytes": b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
    "html after a gif's first bytes": b"GIF89a/*<script>*/=1;alert(1)//",
    "html after a jpeg's first bytes": b"\xff\xd8\xff\xe0<script>alert(1)</script>",
    "pdf": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj",
    "php": b"<?php system($_GET['c']);",
    "shell": b"#!/bin/sh\nid > sentinel.txt\n",
    "elf": b"\x7fELF" + b"\x00" * 200,
    "exe": b"MZ" + b"\x00" * 200,
    "java": b"\xca\xfe\xba\xbe" + b"\x00" * 200,
    "wasm": b"\x00asm\x01\x00\x00\x00",
    "zip": b"PK\x03\x04" + b"\x00" * 200,
    "gzip": gzip.compress(b"\x00" * 100_000, mtime=0),
    "pickle": b"\x80\x04cos\nsystem\n.",
    "half a png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "huge png": png(2**31 - 1, 2**31 - 1, (b"IDAT", ZEROS), (b"IEND", b"")),
    "png of many pixels and few bytes": png(50_000, 50_000, (b"IDAT", ZEROS), (b"IEND", b"")),
    "png of no pixels": png(0, 0, (b"IDAT", ZEROS), (b"IEND", b"")),
    "png with a text that unpacks to much": png(1, 1, (b"zTXt",
    b"a\x00\x00" + zlib.compress(b"\x00" * 80_000_000, 9))),
    "gif of a huge screen": b"GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x00;",
    "bmp of a negative size": b"BM" + struct.pack("<IHHIIiiHHIIiiII",
    70, 0, 0, 54, 40, -5, -5, 1, 24, 0, 0, 0, 0, 0, 0),
    "tiff that goes in circles": b"II*\x00\x08\x00\x00\x00" + struct.pack("<HHHII",
    1, 256, 4, 1, 1) + struct.pack("<I", 8),
    "webp of nothing": b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff",
    "heic of nothing": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file",
    "mvg": b"push graphic-context\nviewbox 0 0 1 1\nimage over 0,0 0,0 'url(file:///etc/passwd)'\n",
    "msl": b"<?xml version='1.0'?><image><read filename='/etc/passwd'/></image>",
    "playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    "playlist of another host": b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nhttp://169.254.169.254/\n",
    "concat": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "dash": b"<MPD><BaseURL>file:///etc/passwd</BaseURL></MPD>",
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
    "subtitles": b"1\n00:00:00,000 --> 00:00:01,000\n<font face='/etc/passwd'>\n",
    "mp4 whose boxes are longer than it": b"\x00\x00\x00\x18ftypisom" + b"\x00" * 12 + b"\xff\xff\xff\xffmoov",
    "mp4 whose box has no end": b"\x00\x00\x00\x18ftypisom" + b"\x00" * 12 + b"\x00\x00\x00\x01moov" + b"\xff" * 8,
    "matroska of nothing": b"\x1aE\xdf\xa3" + b"\xff" * 100,
    "avi of nothing": b"RIFF\xff\xff\xff\xffAVI LIST" + b"\xff" * 100,
    "ogg of nothing": b"OggS" + b"\x00" * 100,
    "flac of nothing": b"fLaC" + b"\xff" * 100,
    "mp3 of a tag alone": b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + b"<script>",
}  # fmt: skip


# --- Archives ----------------------------------------------------------------------------------------------


def members(archive):
    """`[(info, bytes)]` of an archive."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        return [(info, source.read(info)) for info in source.infolist()]


def packed(entries, method=zipfile.ZIP_DEFLATED):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for info, content in entries:
            archive.writestr(info, content)
    return target.getvalue()


def with_member(name, content=b"hostile", mode=None):
    """Makes of a good archive one with a further member."""

    def make(good):
        info = zipfile.ZipInfo(name)
        info.external_attr = (mode or 0) << 16
        return packed([*members(good), (info, content)])

    return make


def with_manifest(change):
    """Makes of a good archive one whose manifest says something else."""

    def make(good):
        return packed(
            (info, _changed(content, change) if info.filename == "manifest.json" else content)
            for info, content in members(good)
        )

    return make


def _changed(content, change):
    manifest = json.loads(content)
    return change(manifest) or json.dumps(manifest).encode()


def listed(**values):
    return lambda manifest: manifest["files"].append(
        {"name": "b.png", "size": 1, "sha256": "0" * 64} | values
    )


def of(table, **values):
    return lambda manifest: manifest["rows"][table][0].update(values)


def as_manifest(content):
    return lambda good: packed([("manifest.json", content)])


def as_mode(mode):
    """Makes of a good archive one whose files are links, devices or what else a mode says."""

    def make(good):
        entries = members(good)
        for info, _ in entries:
            info.external_attr = mode << 16
        return packed(entries)

    return make


def many_members(good):
    """The list of what is in it names the first one two hundred thousand times."""
    end = good.rindex(b"PK\x05\x06")
    size, start = struct.unpack("<II", good[end + 12 : end + 20])
    entry = good[start : start + size]
    entry = entry[: entry.index(b"PK\x01\x02", 4)] if entry.count(b"PK\x01\x02") > 1 else entry
    directory = entry * 200_000
    record = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, len(directory), start, 0)
    return good[:start] + directory + record


def tar(kind="", compressed=""):
    def make(good):
        target = io.BytesIO()
        with tarfile.open(fileobj=target, mode=f"w:{compressed}") as archive:
            info = tarfile.TarInfo("../sentinel.txt")
            info.type, info.linkname = kind or tarfile.REGTYPE, "/etc/passwd"
            archive.addfile(info, io.BytesIO())
        return target.getvalue()

    return make


def overlapping(good):
    """Its list names the same bytes under two names."""
    entries = members(good)
    whole = packed([*entries, (zipfile.ZipInfo("files/b.png"), entries[0][1])])
    end = whole.rindex(b"PK\x01\x02")
    return whole[: end + 42] + b"\x00\x00\x00\x00" + whole[end + 46 :]


BOMB = b"\x00" * 30_000_000
ARCHIVES = {
    **{f"a name: {name[:40]!r}": with_member(name) for name in NAMES},
    "no bytes": lambda good: b"",
    "no archive": lambda good: b"hostile",
    "its first half": lambda good: good[: len(good) // 2],
    "its end alone": lambda good: good[good.rindex(b"PK\x05\x06") :],
    "a tar": tar(),
    "a tar with a link": tar(tarfile.SYMTYPE),
    "a tar with a hard link": tar(tarfile.LNKTYPE),
    "a tar with a device": tar(tarfile.CHRTYPE),
    "a packed tar": tar(compressed="gz"),
    "gzip": lambda good: gzip.compress(good, mtime=0),
    "7z": lambda good: b"7z\xbc\xaf\x27\x1c" + b"\x00" * 100,
    "rar": lambda good: b"Rar!\x1a\x07\x01\x00" + b"\x00" * 100,
    "links": as_mode(stat.S_IFLNK | 0o777),
    "character devices": as_mode(stat.S_IFCHR | 0o666),
    "block devices": as_mode(stat.S_IFBLK | 0o666),
    "pipes": as_mode(stat.S_IFIFO | 0o666),
    "sockets": as_mode(stat.S_IFSOCK | 0o666),
    "folders": as_mode(stat.S_IFDIR | 0o777),
    "a link to what lies outside": with_member("files/b.png", b"../../sentinel.txt", stat.S_IFLNK | 0o777),
    "two hundred thousand members": many_members,
    "members that overlap": overlapping,
    "a member twice": lambda good: packed([*members(good), members(good)[0]]),
    "a bomb": with_member("files/b.png", BOMB),
    "a bomb for a manifest": as_manifest(b" " * 40_000_000),
    "a manifest of a million lists": as_manifest(b"[" + b"[]," * 1_000_000 + b"[]]"),
    "a manifest that is nested deeply": as_manifest(b"[" * 100_000),
    "a manifest of a huge number": as_manifest(b"9" * 100_000),
    "a manifest of no number": with_manifest(lambda manifest: b'{"format": NaN}'),
    "a manifest in another alphabet": as_manifest("{}".encode("utf-16")),
    "a size that is huge": with_manifest(listed(size=10**30)),
    "a size below nothing": with_manifest(listed(size=-1)),
    "a size that is no number": with_manifest(listed(size="1")),
    "a hash that is a path": with_manifest(listed(sha256="../" * 20)),
    "a listed name that leads up": with_manifest(listed(name="../sentinel.txt")),
    "a listed name that is absolute": with_manifest(listed(name="/etc/passwd")),
    "a listed name of another kind": with_manifest(listed(name=["b.png"])),
    "a slug that leads up": with_manifest(of("univers", slug="../x")),
    "a slug that is too long": with_manifest(of("univers", slug="a" * 101)),
    "an address that is a script": with_manifest(of("univers", thumbnail_url="javascript:alert(1)")),
    "a song that is a file": with_manifest(of("univers", background_music="file:///etc/passwd")),
    "an id that is huge": with_manifest(of("univers", id=10**400)),
    "an order that is huge": with_manifest(of("univers_assets", sort_order=10**30)),
    "a time beyond all": with_manifest(of("univers", created_at="9999-12-31T23:59:59-14:00")),
    "a card whose file leads up": with_manifest(of("univers_assets", image_name="../x.png")),
    "half a character": with_manifest(of("univers", name="\ud800")),
    "a table of ours": with_manifest(lambda manifest: manifest["rows"].update(auth_user=[{"is_superuser": True}])),
    "a newer version": with_manifest(lambda manifest: manifest.update(version=10**20)),
}  # fmt: skip
