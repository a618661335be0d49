"""`bridge run` as a service of the operating system: a systemd unit, or a task of Windows' Task Scheduler."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

NAME = "rpa-bridge"
Kind = Literal["systemd", "windows"]
_TASK = "http://schemas.microsoft.com/windows/2004/02/mit/task"


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """text: of the file.  encoding: in which it is written.  enable, remove: commands for a person to type."""

    file: Path
    text: str
    encoding: str
    enable: Sequence[str]
    remove: Sequence[str]


def service(kind: Kind, config: Path, *, name: str = NAME, root: bool, home: Path) -> Service:
    """config: absolute.  root: a systemd unit of the whole machine, else one of this user."""
    return _systemd(config, name, root, home) if kind == "systemd" else _windows(config, name)


def _systemd(config: Path, name: str, root: bool, home: Path) -> Service:
    folder = Path("/etc/systemd/system") if root else home / ".config" / "systemd" / "user"
    file, user = folder / f"{name}.service", "" if root else " --user"
    command = " ".join(map(_quoted, [sys.executable, "-m", "bridge", "--config", str(config), "run"]))
    text = f"""\
# Written by `bridge install-service`.
[Unit]
Description=RPA bridge ({config})
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
ExecStart={command}
WorkingDirectory={_escaped(str(config.parent))}
# The bridge ends its own runs and their browsers; whatever is left after that is killed.
KillMode=mixed
TimeoutStopSec=60
Restart=always
RestartSec=30
UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy={"multi-user.target" if root else "default.target"}
"""
    linger = [] if root else ["loginctl enable-linger   # so that it also runs while nobody is logged in"]
    return Service(
        file=file,
        text=text,
        encoding="utf-8",
        enable=[f"systemctl{user} daemon-reload", f"systemctl{user} enable --now {name}", *linger],
        remove=[f"systemctl{user} disable --now {name}", f"rm {file}", f"systemctl{user} daemon-reload"],
    )


def _quoted(word: str) -> str:
    """One word of ExecStart (systemd.service(5), "Command lines")."""
    return '"' + _escaped(word).replace('"', '\\"').replace("$", "$$") + '"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "%%")


def _windows(config: Path, name: str) -> Service:
    """Starts with the machine, whoever is logged in; Windows asks for the account's password when it is made."""
    file = config.with_name(f"{name}.xml")
    ET.register_namespace("", _TASK)
    task = ET.Element(f"{{{_TASK}}}Task", version="1.4")
    for way, value in (
        ("RegistrationInfo/Description", f"RPA bridge ({config})"),
        ("Triggers/BootTrigger/Enabled", "true"),
        ("Principals/Principal/LogonType", "Password"),
        ("Principals/Principal/RunLevel", "LeastPrivilege"),
        ("Settings/MultipleInstancesPolicy", "IgnoreNew"),
        ("Settings/DisallowStartIfOnBatteries", "false"),
        ("Settings/StopIfGoingOnBatteries", "false"),
        ("Settings/AllowHardTerminate", "true"),
        ("Settings/StartWhenAvailable", "true"),
        ("Settings/RestartOnFailure/Interval", "PT1M"),
        ("Settings/RestartOnFailure/Count", "999"),
        ("Settings/ExecutionTimeLimit", "PT0S"),
        ("Actions/Exec/Command", sys.executable),
        ("Actions/Exec/Arguments", f'-m bridge --config "{config}" run'),
        ("Actions/Exec/WorkingDirectory", str(config.parent)),
    ):
        at = task
        for step in way.split("/"):
            found = at.find(f"{{{_TASK}}}{step}")
            at = found if found is not None else ET.SubElement(at, f"{{{_TASK}}}{step}")
        at.text = value
    ET.indent(task)
    text = '<?xml version="1.0" encoding="UTF-16"?>\n' + ET.tostring(task, encoding="unicode") + "\n"
    return Service(
        file=file,
        text=text,
        encoding="utf-16",
        enable=[
            f'schtasks /Create /TN "{name}" /XML "{file}" /RU "%USERNAME%" /RP *',
            f'schtasks /Run /TN "{name}"',
        ],
        remove=[f'schtasks /End /TN "{name}"', f'schtasks /Delete /TN "{name}" /F', f'del "{file}"'],
    )
