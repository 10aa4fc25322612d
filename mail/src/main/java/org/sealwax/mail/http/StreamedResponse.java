package org.sealwax.mail.http;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;

/**
 * A response whose content is not in memory: it is read while it is sent, so that a client that is
 * slow to receive a large file costs a buffer and not the file.
 *
 * @param head status and fields; its body is not sent
 * @param content what is sent; the service closes it
 */
public record StreamedResponse(HttpResponse head, StreamedContent content) implements HttpReply {
  /** The content of a response, for one client. */
  public interface StreamedContent extends Closeable {
    /** {@return its bytes, known before the first is sent} */
    long length();

    /**
     * Sends exactly {@link #length} bytes.
     *
     * @param out the connection
     * @throws IOException when it cannot be read, or the client has gone or is too slow
     */
    void writeTo(OutputStream out) throws IOException;
  }
}
