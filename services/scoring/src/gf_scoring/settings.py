"""Settings of scoring: environment variables GF_SCORING_…"""

from __future__ import annotations

from gf_chassis.settings import ServiceSettings, service_config


class Settings(ServiceSettings):
    model_config = service_config("scoring")

    service: str = "scoring"
