"""Settings of the registry: environment variables GF_REGISTRY_…"""

from gf_chassis.settings import ServiceSettings, service_config


class Settings(ServiceSettings):
    model_config = service_config("registry")

    service: str = "registry"
