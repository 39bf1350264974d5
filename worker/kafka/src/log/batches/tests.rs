//! Record batches both ways.


