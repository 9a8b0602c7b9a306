"""What does Triton take from the throughput of explaining in process, and where does the time go?

Made-up clips of one size are explained by ONNX Runtime in as many processes as there are cores, one thread each, as
`mmexplain explain` does it, and by a tritonserver on the same cores, `instances` of each graph, one thread each. The
server is given 1, 4 and 16 requests at a time by this process, and 4 by each of one and of two of Ray's workers. All
ways explain the same clips in every round, and are compared within it, since a machine's speed swings. Loading and
decoding aren't in it. The aim: nine tenths of the throughput in process, at the published size.
"""
