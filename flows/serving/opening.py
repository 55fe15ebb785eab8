"""What is done once the server answers and before the worker starts, in a process of its own."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from prefect.client.orchestration import get_client

from flows.serving.recovery import take_up_again
from flows.serving.registration import REFUSALS, register


async def open_site(root: Path) -> list[str]:
    """Register what has changed and take up what was cut off; return what was done."""
    async with get_client() as client:
        changed = await register(client, root)
        news = ["deployments registered" if changed else "deployments are as they were"]
        return news + await take_up_again(client)


def main() -> None:
    """Open the site of the project whose folder is the argument."""
    try:
        news = asyncio.run(open_site(Path(sys.argv[1])))
    except REFUSALS as error:
        sys.exit(f"nightjar serve: {error}")
    sys.stderr.write("".join(f"nightjar serve: {line}\n" for line in news))


if __name__ == "__main__":
    main()
