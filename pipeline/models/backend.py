"""The one file that speaks to TensorFlow itself; with another Keras backend every function here does without.

Keras's LSTM runs a loop of single operations on the CPU. TensorFlow has a whole LSTM as one operation (BlockLSTM),
which needs a quarter of the time to be traced and somewhat less to run; on a GPU Keras's own goes to cuDNN.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from pipeline import files
from pipeline.machine import cores
from pipeline.models.hush import hushed

with hushed():
    import keras

__all__ = [
    "LSTM", "Adam", "answer", "array", "devices", "dtype_policy", "fixed_shapes", "keras", "on_tensorflow",
    "out_of_memory", "prepare", "scalar_writer", "side_by_side", "train_step",
]  # fmt: skip

Item = TypeVar("Item")
Result = TypeVar("Result")


def _tensorflow() -> Any:
    import tensorflow

    return tensorflow


def on_tensorflow() -> bool:
    """Tell whether Keras computes with TensorFlow."""
    return bool(keras.backend.backend() == "tensorflow")


@cache
def prepare() -> str:
    """Make the device ready, once a process, and name it: GPU memory is taken as it is needed, not all at once.

    On the CPU one operation gets half the cores, unless TF_NUM_INTRAOP_THREADS says otherwise: the two directions of a
    network run side by side, and where each wants every core they hinder each other.
    """
    if not on_tensorflow():
        return str(keras.distribution.list_devices()[0])
    _tensorflow().get_logger().setLevel("ERROR")  # it warns of the second shape of a batch, which is meant
    devices = _tensorflow().config.list_physical_devices("GPU")
    for device in devices:
        try:
            _tensorflow().config.experimental.set_memory_growth(device, True)
        except RuntimeError:  # something else has begun to use it; then that one's choice holds
            break
    if not devices and "TF_NUM_INTRAOP_THREADS" not in os.environ:
        with suppress(RuntimeError):  # as above
            _tensorflow().config.threading.set_intra_op_parallelism_threads(max(1, cores() // 2))
    return "gpu" if devices else "cpu"


def devices() -> list[str]:
    """Name Keras's backend, and the GPUs and other accelerators that it sees."""
    if on_tensorflow():
        names = [device.name for device in _tensorflow().config.list_physical_devices() if device.device_type != "CPU"]
    else:
        names = [name for name in map(str, keras.distribution.list_devices()) if not name.startswith("cpu")]
    return [str(keras.backend.backend()), *names]


def fixed_shapes() -> bool:
    """Tell whether each new shape of a batch is compiled anew (JAX), so that shapes must be few."""
    return not on_tensorflow()


def dtype_policy(precision: str) -> str:
    """Name Keras's policy for a recipe's precision; half precision is for GPUs."""
    return "mixed_float16" if precision == "mixed" and "gpu" in prepare() else "float32"


def array(variable: Any) -> np.ndarray:
    """Copy a variable's value."""
    return np.array(variable.value.numpy() if on_tensorflow() else variable.value)


def out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that the device's memory did not suffice."""
    if on_tensorflow():
        return isinstance(error, _tensorflow().errors.ResourceExhaustedError)
    return "RESOURCE_EXHAUSTED" in str(error)


def _fused() -> bool:
    return on_tensorflow() and prepare() == "cpu"


@keras.saving.register_keras_serializable("hibi")  # Bidirectional makes its second layer of the first one's settings
class LSTM(keras.layers.LSTM):  # type: ignore[misc]
    """Keras's LSTM; on the CPU with TensorFlow its loop is one operation. Same weights, same results.

    Wants masks that are true up to a text's length and false from there on.
    """

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Run over (rows, width, numbers): last state, all states, and final h and c."""
        if not _fused() or sequences.dtype != "float32" or self.dropout or self.recurrent_dropout:
            return super().inner_loop(sequences, initial_state, mask, training)
        cell = self.cell
        weights = (cell.kernel, cell.recurrent_kernel, cell.bias)
        return _block_lstm(sequences, initial_state, mask, weights, self.go_backwards, self.return_sequences)


def _block_lstm(x: Any, state: Any, mask: Any, weights: Any, backwards: bool, sequences: bool) -> Any:
    """Compute an LSTM over (rows, width, numbers). States of padding are what the loop makes of it: nobody reads them.

    BlockLSTM is TensorFlow's kernel ``rnn/lstm_ops.cc``. Not its second version, whose gates stand in Keras's order:
    the gradient that TensorFlow has for that is the first version's, and wrong by as much as it is large.
    """
    tf = _tensorflow()
    kernel, recurrent, bias = (tf.convert_to_tensor(weight) for weight in weights)
    rows, width, units = tf.shape(x)[0], tf.shape(x)[1], recurrent.shape[0]
    lengths = tf.fill([rows], width) if mask is None else tf.reduce_sum(tf.cast(mask, tf.int32), 1)
    # place[t, b]: where in its text what is read at step t stands
    step = tf.range(width)[:, None]
    place = tf.where(step < lengths, lengths - 1 - step, step) if backwards else step + tf.zeros_like(lengths)
    row = tf.range(rows)[:, None]
    timed = _moved(x, tf.transpose(row) * width + place, tf.transpose(place) * rows + row)
    unused = tf.zeros((units,))
    out = tf.raw_ops.BlockLSTM(
        seq_len_max=tf.cast(width, tf.int64), x=timed, h_prev=state[0], cs_prev=state[1],
        w=_reordered(tf.concat([kernel, recurrent], 0)), b=_reordered(bias),
        wci=unused, wcf=unused, wco=unused, forget_bias=0.0, cell_clip=-1.0, use_peephole=False,
    )  # fmt: skip
    last = tf.stack([lengths - 1, tf.range(rows)], 1)
    final_h, final_c = tf.gather_nd(out.h, last), tf.gather_nd(out.cs, last)
    if not sequences:
        return tf.ensure_shape(final_h, (None, units)), final_h[:, None], [final_h, final_c]
    shown = width - 1 - place if backwards else place  # Keras gives them in the order of computation, padding first
    told = tf.reverse(place, [0]) if backwards else place
    states = _moved(out.h, tf.transpose(told) * rows + row, tf.transpose(row) * width + shown)
    return tf.ensure_shape(final_h, (None, units)), states, [final_h, final_c]


def _moved(x: Any, there: Any, back: Any) -> Any:
    """Take the vectors of (m, n, numbers) in another order, by their number; ``back`` undoes it, for the gradient.

    One copy of whole vectors, where TensorFlow's transpose and reverse_sequence move number by number.
    """

    def move(x: Any) -> Any:
        return _taken(x, there), lambda gradient: _taken(gradient, back)

    return _tensorflow().custom_gradient(move)(x)


def _taken(x: Any, numbers: Any) -> Any:
    tf = _tensorflow()
    return tf.gather(tf.reshape(x, (-1, x.shape[-1])), numbers)


def _reordered(gates: Any) -> Any:
    """Put Keras's gates (input, forget, cell, output) in the order of BlockLSTM (input, cell, forget, output)."""
    tf = _tensorflow()
    into, forget, cell, out = tf.split(gates, 4, -1)
    return tf.concat([into, cell, forget, out], -1)


class Adam(keras.optimizers.Adam):  # type: ignore[misc]
    """Adam with decoupled weight decay; with TensorFlow a step is one pass over a weight, not a dozen.

    The embedding is most of a network, so that an optimiser of many passes costs as much as the gradient itself.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one weight and its moments."""
        if not on_tensorflow() or self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        tf = _tensorflow()
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations, tf.float32) + 1.0
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=tf.cast(learning_rate, tf.float32),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.convert_to_tensor(gradient),
        )


def train_step(model: keras.Model, loss: keras.losses.Loss) -> Callable[..., float]:
    """Return a function that trains a compiled model on inputs, targets and weights, and returns the batch's loss.

    With TensorFlow it is traced once for batches of any size, where Keras's own is traced anew for the first three.
    """
    if not on_tensorflow():
        return lambda given, wanted, weights: float(model.train_on_batch(given, wanted, sample_weight=weights))
    tf = _tensorflow()

    def step(given: Any, wanted: Any, weights: Any) -> Any:
        with tf.GradientTape() as tape:
            value = loss(wanted, model(given, training=True), sample_weight=weights)
            scaled = model.optimizer.scale_loss(value)
        variables = model.trainable_weights
        model.optimizer.apply(tape.gradient(scaled, variables), variables)
        return value

    traced: list[Any] = []

    def run(*batch: Any) -> float:
        if not traced:
            traced.append(tf.function(step, input_signature=_any_size(batch), autograph=False))
        return float(traced[0](*batch))

    return run


def answer(model: keras.Model) -> Callable[[Any], Any]:
    """Return a function from inputs to outputs as arrays; traced once for batches of any size."""
    if not on_tensorflow():
        predict: Callable[[Any], Any] = model.predict_on_batch
        return predict
    tf = _tensorflow()
    traced: list[Any] = []

    def run(given: Any) -> Any:
        if not traced:
            call = tf.function(lambda batch: model(batch, training=False), _any_size((given,)), autograph=False)
            traced.append(call)
        found = traced[0](given)
        return [part.numpy() for part in found] if isinstance(found, (list, tuple)) else found.numpy()

    return run


def side_by_side(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Do a work that asks a traced function, in order; on the CPU two at a time, as a batch alone leaves cores idle."""
    if not _fused():
        yield from map(work, items)
        return
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(work, items)


def _any_size(batch: Any) -> Any:
    """Return the signature of a batch with every dimension left open."""
    tf = _tensorflow()
    return tf.nest.map_structure(lambda part: tf.TensorSpec([None] * part.ndim, part.dtype), batch)


def scalar_writer(folder: Path) -> Callable[[int, dict[str, float]], None]:
    """Open a TensorBoard log; the function returned adds values at a step. Without TensorFlow it does nothing.

    Both raise StoreUnwritable where the disk refuses.
    """
    if not on_tensorflow():
        return lambda step, values: None
    tf = _tensorflow()

    @contextmanager
    def writing() -> Iterator[None]:
        try:
            yield
        except tf.errors.OpError as error:  # "{{node}} PATH; No space left on device", and lines on what it was doing
            reason = error.message.partition("\n")[0].rpartition("; ")[2]
            raise files.unwritable(folder, OSError(reason)) from error

    with writing():
        writer = tf.summary.create_file_writer(str(folder))
    kind = tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": "scalars"})

    def write(step: int, values: dict[str, float]) -> None:
        with writing(), writer.as_default():
            for name, value in values.items():
                tf.summary.write(name, np.float32(value), step=step, metadata=kind)  # works without the package
            writer.flush()

    return write
