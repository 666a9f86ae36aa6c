"""Settings of notify: environment variables GF_NOTIFY_…"""

from gf_chassis.settings import ServiceSettings, service_config


class Settings(ServiceSettings):
    model_config = service_config("notify")

    service: str = "notify"
