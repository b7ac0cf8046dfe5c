"""Containers that die as by a crash, while jobs run, and come back by themselves."""

from collections.abc import Sequence
from pathlib import Path

from scripts.compose_check.compose import Container, Project, docker, until
from scripts.compose_check.measures import Memory
from scripts.compose_check.service import Cli

BACK_S = 300.0
# Those that hold photos and outcomes first, while the job is sure to run.
_FIRST = ("worker-cpu", "postgres", "redis", "minio", "api", "maintenance")


def crash(container: Container, *, image: str) -> None:
    """Kill a container's first process from outside, and wait until Docker has started it anew.

    Not by ``docker kill``: that counts as a person's wish, and no restart policy acts on it.

    Args:
        container: one that runs.
        image: one of ours, whose Python does it among the engine's processes.

    Raises:
        CheckError: it does not run again within `BACK_S`.
    """
    pid, before = inspect(container, "{{.State.Pid}} {{.State.StartedAt}}").split()
    kill = f"import os; os.kill({int(pid)}, 9)"
    docker(
        *("run", "--rm", "--pid", "host", "--privileged", "--user", "0", "--network", "none"),
        *("--entrypoint", "python", image, "-c", kill),
    )

    def state() -> str:
        return inspect(container, "{{.State.Status}} {{.State.StartedAt}}")

    def is_back() -> bool:
        status, started = state().split()
        return status == "running" and started != before

    until(is_back, within_s=BACK_S, what=lambda: f"{container.name}: {state()}")


def inspect(container: Container, form: str) -> str:
    """Return what ``docker inspect`` says of a container."""
    return docker("inspect", "--format", form, container.id).strip()


def in_order(containers: Sequence[Container]) -> list[Container]:
    """Return containers that run, those on which a running job depends most first."""

    def rank(each: Container) -> tuple[int, str]:
        known = each.service in _FIRST
        return (_FIRST.index(each.service) if known else len(_FIRST), each.name)

    return sorted((each for each in containers if each.state == "running"), key=rank)


def crash_each(
    project: Project, cli: Cli, photos: Sequence[Path], *, image: str, memory: Memory
) -> list[str]:
    """Kill each container of a project once, each while a job of ``photos`` is unfinished.

    Returns:
        The ids of the jobs: more than one where a job was over before the last container's turn.
    """
    jobs = [cli.submit(photos)]
    for container in in_order(project.containers()):
        if cli.is_final(jobs[-1]):
            jobs.append(cli.submit(photos))
        memory.note_working(each.name for each in project.containers() if each.state == "running")
        crash(container, image=image)
        print(f"    {container.name} was killed and runs again", flush=True)
    return jobs
