"""Takes the jars that a list names out of a wheel: WHEEL LIST FOLDER."""

import pathlib
import sys
import zipfile

wheel, listed, folder = sys.argv[1:]
wanted = set(pathlib.Path(listed).read_text().split())
with zipfile.ZipFile(wheel) as archive:
    for member in archive.namelist():
        name = member.rsplit("/", 1)[-1]
        if name in wanted:
            (pathlib.Path(folder) / name).write_bytes(archive.read(member))
            wanted.remove(name)
if wanted:
    sys.exit(f"{wheel} has no {', '.join(sorted(wanted))}")
