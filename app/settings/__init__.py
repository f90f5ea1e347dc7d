"""Settings, read once from the environment (prefix `TALLYLIGHT_`).

In: environment variables. Out: one frozen `Settings`. Never here: defaults for secrets, I/O beyond the key file.
"""

from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from app.secret_file import read_or_create
from app.settings.database import API_KEY_FORMAT, SHORTEST_SECRET, DatabaseSettings
from app.settings.http import HttpSettings
from app.settings.ingest import IngestSettings
from app.settings.operation import OperationSettings
from app.settings.platforms import PlatformSettings
from app.settings.retention import RetentionSettings
from app.settings.text import names

__all__ = ["API_KEY_FORMAT", "SHORTEST_SECRET", "InvalidSettings", "Settings", "load_settings", "names"]


class InvalidSettings(ValueError):
    """A setting in the environment is not valid. The text names each by its variable."""


class Settings(OperationSettings, RetentionSettings, PlatformSettings, IngestSettings, HttpSettings, DatabaseSettings):
    """The settings of a deployment."""

    model_config = SettingsConfigDict(env_prefix="TALLYLIGHT_", frozen=True, extra="ignore", env_ignore_empty=True)

    def previous_secret(self) -> str | None:
        """Return the previous secret key; None if there is none."""
        return self.secret_key_previous.get_secret_value() if self.secret_key_previous else None

    def secret(self) -> str:
        """Return the secret key; with the embedded database it is created once, readable by its owner only."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        path = self.data_dir / "secret.key"
        try:
            found = read_or_create(path)
        except OSError as error:
            raise InvalidSettings(f"{path}: {error.strerror}; set TALLYLIGHT_DATA_DIR to another folder") from None
        if len(found) < SHORTEST_SECRET:
            raise InvalidSettings(f"{path}: does not contain a secret key; restore it, or remove it together with the database")
        return found


def load_settings() -> Settings:
    """Return the settings of this process.

    Raises:
        InvalidSettings: one line per invalid variable, without its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = "TALLYLIGHT_" + str(problem["loc"][0]).upper() if problem["loc"] else ""
            lines.append(f"{name}: {problem['msg']}".removeprefix(": "))
        raise InvalidSettings("\n".join(lines)) from None
