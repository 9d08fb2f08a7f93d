import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
READ = re.compile(r"""env\.(?:text|flag|number|words|site|one_of)\(\s*["']([A-Z_]+)["']""")


def settings_read() -> set[str]:
    """Return the names of all settings; an app at a vendor has two."""
    texts = [path.read_text() for path in (ROOT / "config").glob("*.py")]
    vendors = re.findall(r'"([A-Z]+)"', re.findall(r"env\.clients\((.*?)\)", "".join(texts), re.S)[0])
    apps = {f"{vendor}_CLIENT_{part}" for vendor in vendors for part in ("ID", "SECRET")}
    return apps | {name for text in texts for name in READ.findall(text)}


def test_every_setting_is_described() -> None:
    described = (ROOT / "docs/configuration.md").read_text()
    assert len(settings_read()) >= 15
    assert {name for name in settings_read() if f"`{name}`" not in described} == set()


def compose() -> dict[str, dict[str, object]]:
    services: dict[str, dict[str, object]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())[
        "services"
    ]
    return services


def test_compose_has_every_process_with_a_health_check() -> None:
    services = compose()
    assert set(services) == {"migrate", "web", "worker", "beat", "postgres", "redis"}
    assert {name for name, service in services.items() if "healthcheck" not in service} == {"migrate"}


def test_compose_gives_the_owner_to_migrations_alone() -> None:
    owners = {
        name
        for name, service in compose().items()
        if "DATABASE_OWNER_URL" in service.get("environment", {})  # type: ignore[operator]
    }
    assert owners == {"migrate"}


def test_compose_uses_only_settings_that_exist() -> None:
    own = {"WEB_PASSWORD", "OWNER_PASSWORD", "REDIS_PASSWORD"}
    used = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    assert used - own <= settings_read()


def test_env_example_names_what_compose_needs() -> None:
    example = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    used = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    assert used == example


def test_image_runs_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER concord" in lines
    assert lines.index("USER concord") < next(i for i, line in enumerate(lines) if line.startswith("CMD"))


def test_readme_names_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "    make demo\n" in readme
    assert "    make test\n" in readme
