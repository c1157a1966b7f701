//! ONNX: an image and tile rectangles go in, detections in pixels come out.
