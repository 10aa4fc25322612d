package org.sealwax.router.milter;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Bytes of a message in the store, in memory while they are few. */
public interface MilterContent extends Closeable {
  /** Appends. */
  OutputStream write();

  /** All that was written, from its beginning; to be closed. */
  InputStream read() throws IOException;

  @Override
  void close() throws IOException;
}
