"""As many plain dynamic resources as the file holds that BENCHMARK_RESOURCES names."""

from plain_resource import PlainResource, recorded_resources

for name, recorded in recorded_resources().items():
    PlainResource(name, recorded["inputs"])
