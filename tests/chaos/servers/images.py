"""Images made on this machine, so that containers can be tested without a network."""

import io
import re
import subprocess
import tarfile
from importlib import import_module
from pathlib import Path

CHANGES = ['ENTRYPOINT ["/server"]', "WORKDIR /data", "EXPOSE 6379"]


def import_image(binary: Path, repository: str) -> None:
    """Make an image, like `docker import`, of a server's binary and the libraries that it needs."""
    found = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True, timeout=20)
    libraries = {Path(name) for name in re.findall(r"(/\S+) \(0x", found.stdout)}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path, name in ((binary, "server"), *((lib, str(lib)[1:]) for lib in libraries)):
            tar.add(path.resolve(), name)
        for name in ("data", "tmp"):
            directory = tarfile.TarInfo(name)
            directory.type, directory.mode = tarfile.DIRTYPE, 0o777
            tar.addfile(directory)
    client = import_module("docker").APIClient(**import_module("docker").utils.kwargs_from_env())
    try:
        client.import_image_from_data(packed.getvalue(), repository, tag="1", changes=CHANGES)
    finally:
        client.close()
