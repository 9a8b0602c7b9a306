"""One server: a request to it, as named arrays."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from batcher.backends.triton.addresses import Addresses, Tls
from batcher.backends.triton.regions import LEAST, Region, Regions, is_passing

Array = NDArray[Any]

MODEL: Final = "explain"
"""That takes whole clips."""
VERSION: Final = "1"
"""The only one, and pinned: a server mustn't change the model in the middle of a run."""

CHANNEL: Final = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 5_000),
]
"""Messages of any size. And gRPC by itself would look for a server that was long gone every two minutes: a request that
fails meanwhile hasn't asked anybody."""


class ServerError(Exception):
    """A server gave no answer, or none that can be right. It may the next time."""


class Server:
    """A connection to one server. Several threads may use it."""

    def __init__(self, host: str, addresses: Addresses) -> None:
        self.host = host
        self.timeout_s = addresses.timeout_s
        self.client = InferenceServerClient(host, channel_args=CHANNEL, **_secured(addresses.tls))
        self.regions = Regions(self.client, self.timeout_s)

    def infer(self, model: str, arrays: Mapping[str, Array], timeout_s: float | None = None) -> dict[str, Array]:
        """Run one model.

        Args:
            model: its name.
            arrays: its inputs by name.
            timeout_s: until the answer is given up; None: as the addresses say.

        Returns:
            The outputs by name, in the model's order.

        Raises:
            ServerError: the server is out of reach, late, or can't answer now.
            ValueError: it will never answer this: the request is wrong.
        """
        arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        large = {name: array for name, array in arrays.items() if array.nbytes >= LEAST}
        region = None
        try:
            region = self.regions.lend(large)
            result = self._infer(model, arrays, large, region, timeout_s or self.timeout_s)
        except InferenceServerException as error:
            self._after(error, region)
            if error.status() == "StatusCode.INVALID_ARGUMENT":
                raise ValueError(f"{self.host} refuses the request: {error.message()}") from error
            raise ServerError(f"{self.host}: {_said(error)}") from error
        if region:
            self.regions.take_back(region)
        try:
            return {output.name: result.as_numpy(output.name) for output in result.get_response().outputs}
        except ValueError as error:
            raise ServerError(f"{self.host}: an output hasn't the size of its shape: {error}") from error

    def served(self) -> dict[str, str]:
        """What the server's model says of itself: the digest of its artefact, its device.

        Raises:
            ServerError: it doesn't say.
        """
        try:
            config = self.client.get_model_config(MODEL, VERSION, client_timeout=self.timeout_s).config
        except InferenceServerException as error:
            raise ServerError(f"{self.host}: {_said(error)}") from error
        return {name: value.string_value for name, value in config.parameters.items()}

    def close(self) -> None:
        """End the connection."""
        self.regions.close()
        self.client.close()

    def _after(self, error: InferenceServerException, region: Region | None) -> None:
        """Keep the region of a request that failed, where the server is done with it."""
        if error.status() == "StatusCode.NOT_FOUND":
            self.regions.close()  # a server that was started anew has none of them
        elif region and not is_passing(error):
            self.regions.take_back(region)
        # Else a server that is late may still read it.

    def _infer(
        self,
        model: str,
        arrays: Mapping[str, Array],
        large: Mapping[str, Array],
        region: Region | None,
        timeout_s: float,
    ) -> Any:
        offsets = region.write(large) if region else {}
        inputs = []
        for name, array in arrays.items():
            given = InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
            if region and name in offsets:
                given.set_shared_memory(region.name, array.nbytes, offsets[name])
            else:
                given.set_data_from_numpy(array)
            inputs.append(given)
        return self.client.infer(model, inputs, model_version=VERSION, client_timeout=timeout_s)


def _secured(tls: Tls | None) -> dict[str, Any]:
    """A client's options."""
    if tls is None:
        return {}
    files = {"root_certificates": tls.ca, "certificate_chain": tls.certificate, "private_key": tls.key}
    return {"ssl": True} | {name: str(path) for name, path in files.items() if path}


def _said(error: InferenceServerException) -> str:
    """One line."""
    lines = str(error.message()).strip().splitlines()
    return f"{lines[0] if lines else 'no reason given'} ({error.status()})"
