"""Settings of sla-svc, from environment variables with the prefix SLA_."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from deskstream_chassis.run.settings import Days, ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SLA_", extra="ignore", frozen=True)

    timer_batch: int = Field(default=200, ge=1, description="Tickets whose timers are fired in one transaction.")
    timer_catch_up_seconds: float = Field(
        default=10.0,
        ge=0,
        description="At its start the timer worker waits at most this long for the consumer to take what came meanwhile.",
    )
    keep_outcomes_days: Days = Field(default=0, description="Which targets were kept and missed: attainment is counted from them.")
