"""The pdn-geo command as a child process: found, run, watched, stopped."""

import os
import queue
import shutil
import subprocess
import sys
import threading

from processing.core.ProcessingConfig import ProcessingConfig
from qgis.core import QgsProcessingException

SETTING = "PDN_GEO_COMMAND"
DEFAULT_COMMAND = "pdn-geo"

# What QGIS sets for itself and would lead another Python and another GDAL astray.
_QGIS_ONLY = ("PYTHONHOME", "PYTHONPATH", "GDAL_DATA", "GDAL_DRIVER_PATH", "PROJ_LIB", "PROJ_DATA")
_STAGES = {"anchor": (0, 30), "looks": (30, 100)}
_POLL_S = 0.2
_PATIENCE_S = 5


def find_command():
    """The command's full path; QgsProcessingException says what to do where there is none."""
    wanted = ProcessingConfig.getSetting(SETTING) or DEFAULT_COMMAND
    found = shutil.which(wanted)
    if found is None:
        raise QgsProcessingException(
            f"There is no command {wanted!r}. Install pdn-geo, then name its full path in "
            "Settings > Options > Processing > Providers > PDN-Geo."
        )
    return found


def run(arguments, feedback):
    """Run to the end, passing on progress and words; False if the user has cancelled.

    Raises QgsProcessingException with the command's own message when it fails.
    """
    process = _start(arguments)
    lines = queue.Queue()
    threading.Thread(target=_read, args=(process, lines), daemon=True).start()
    last = ""
    while not feedback.isCanceled():
        try:
            line = lines.get(timeout=_POLL_S)
        except queue.Empty:
            continue
        if line is None:
            break
        if not _show_progress(line, feedback):
            feedback.pushInfo(line)
            last = line or last
    else:
        _stop(process)
        return False
    if process.wait() != 0:
        raise QgsProcessingException(last or f"pdn-geo failed with code {process.returncode}")
    return True


def _start(arguments):
    environment = {name: value for name, value in os.environ.items() if name not in _QGIS_ONLY}
    environment.update({"PDN_GEO_PROGRESS": "lines", "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"})
    quiet = {"creationflags": subprocess.CREATE_NO_WINDOW} if sys.platform == "win32" else {}
    return subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=environment,
        **quiet,
    )


def _read(process, lines):
    """On a thread of its own: a silent command must not keep a cancel waiting."""
    with process.stdout:
        for line in process.stdout:
            lines.put(line.rstrip())
    lines.put(None)


def _stop(process):
    process.terminate()
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _show_progress(line, feedback):
    """Whether a line was `progress <stage> <share>`."""
    words = line.split()
    if len(words) != 3 or words[0] != "progress" or words[1] not in _STAGES:
        return False
    low, high = _STAGES[words[1]]
    feedback.setProgress(low + (high - low) * float(words[2]))
    feedback.setProgressText(words[1])
    return True
