# SPDX-License-Identifier: LGPL-2.1-or-later
"""A user with a password for servers that log people in, without touching the machine's own accounts.

The server runs in a mount namespace in which /etc/passwd, /etc/shadow and /etc/pam.d are others. It takes root.
"""

import pathlib
import subprocess

NAME, PASSWORD = "ferryman", "open sesame"

_ENTER = """
set -e
mount --bind "$0/passwd" /etc/passwd
mount --bind "$0/shadow" /etc/shadow
mount --bind "$0/pam.d" /etc/pam.d
exec "$@"
"""


def prefix(folder, service, expired=False):
    """The words before a server's command; `service` is its name for PAM. An expired password must be changed,
    which takes more than one question."""
    folder = pathlib.Path(folder)
    (folder / "pam.d").mkdir(parents=True)
    home = folder / "home"
    home.mkdir()
    others = pathlib.Path("/etc/passwd").read_text()
    (folder / "passwd").write_text(f"{others}{NAME}:x:65000:65534::{home}:/bin/sh\n")
    secret = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=PASSWORD, check=True, capture_output=True,
                            text=True).stdout.strip()
    (folder / "shadow").write_text(f"{pathlib.Path('/etc/shadow').read_text()}{NAME}:{secret}:{0 if expired else 1}::::::\n")
    for path in (folder / "passwd", folder / "shadow"):
        path.chmod(0o644)
    (folder / "pam.d" / service).write_text(
        "".join(f"{step} required pam_unix.so\n" for step in ("auth", "account", "password", "session")))
    return ["unshare", "--mount", "--", "sh", "-c", _ENTER, str(folder)]
