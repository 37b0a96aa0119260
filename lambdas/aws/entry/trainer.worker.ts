// Beside the trainer's own bundle: the process that learns, which has none of the function's rights.
import '../../engines/training/training-worker.ts';
