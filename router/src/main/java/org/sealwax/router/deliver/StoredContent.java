package org.sealwax.router.deliver;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.LocalPart;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.BlockOutput;
import org.sealwax.router.queue.Consignment;

/** The content of a consignment as a host gets it: scanned, and copied. */
final class StoredContent {
  /** Bytes of a header that are searched for non-ASCII ones. */
  private static final int HEADER = 1_024 * 1_024;

  private final Consignment consignment;
  private final byte[] prefix;

  StoredContent(Consignment consignment) {
    this.consignment = consignment;
    String deliveredTo = consignment.deliveredTo();
    this.prefix =
        deliveredTo == null
            ? new byte[0]
            : ("Delivered-To: " + LocalPart.ascii(oneLine(deliveredTo)) + "\r\n")
                .getBytes(StandardCharsets.US_ASCII);
  }

  private static String oneLine(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < ' ' || text.charAt(i) == 0x7f) {
        throw new IllegalStateException("control character in a mailbox");
      }
    }
    return text;
  }

  /** Bytes that the host gets: the content, and Delivered-To before it. */
  long size() {
    return consignment.size() + prefix.length;
  }

  /** A local failure with the stored content, not a failure of the host. */
  static final class ContentUnreadable extends IOException {
    ContentUnreadable(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** Takes bytes. */
  @FunctionalInterface
  interface ByteSink {
    /** Takes some. */
    void write(byte[] bytes, int offset, int length) throws IOException;
  }

  /** Whether all of it would pass without BODY=8BITMIME (RFC 6152 3). */
  boolean isAscii() {
    try (InputStream in = consignment.content().open()) {
      byte[] block = new byte[8_192];
      boolean ascii = true;
      for (int count = in.read(block); ascii && count >= 0; count = in.read(block)) {
        ascii = isAscii(block, count);
      }
      return ascii;
    } catch (IOException e) {
      // The transfer will report what is wrong with the content; nothing is left out for it here.
      return false;
    }
  }

  /** Whether the message needs SMTPUTF8, whatever its recipients are (RFC 6531 3.5). */
  boolean needsUtf8() {
    boolean sender =
        !(consignment.sender() instanceof ReversePath.SenderMailbox(Mailbox mailbox))
            || mailbox.isAscii();
    return !sender || (consignment.options().smtputf8() && !headerIsAscii());
  }

  private boolean headerIsAscii() {
    try (InputStream in = consignment.content().open()) {
      byte[] header = in.readNBytes((int) Math.min(HEADER, consignment.size()));
      int end = header.length;
      for (int i = 3; i < header.length; i++) {
        if (header[i] == '\n'
            && header[i - 1] == '\r'
            && header[i - 2] == '\n'
            && header[i - 3] == '\r') {
          end = i;
          break;
        }
      }
      return isAscii(header, end);
    } catch (IOException e) {
      // The transfer will report what is wrong with the content; nothing is refused for it here.
      return true;
    }
  }

  private static boolean isAscii(byte[] bytes, int count) {
    int all = 0;
    for (int i = 0; i < count; i++) {
      all |= bytes[i];
    }
    return all >= 0;
  }

  /**
   * Copies it, with Delivered-To before it. Errors on our side (the store) and on theirs (the wire)
   * are kept apart, and a content that is not as long as it should be never gets its end.
   *
   * @throws ContentUnreadable when the store cannot give it; any other {@link IOException} is the
   *     taker's
   */
  void copyTo(ByteSink taker) throws IOException {
    taker.write(prefix, 0, prefix.length);
    Copying copying = new Copying(taker);
    try (InputStream in = consignment.content().open()) {
      in.transferTo(copying);
    } catch (IOException e) {
      if (copying.connectionFailure != null) {
        throw copying.connectionFailure;
      }
      throw new ContentUnreadable(String.valueOf(e.getMessage()), e);
    }
    if (copying.count != consignment.size()) {
      throw new ContentUnreadable(
          "it has " + copying.count + " octets, not " + consignment.size(), null);
    }
  }

  private static final class Copying extends BlockOutput {
    private final ByteSink taker;
    private long count;
    private @Nullable IOException connectionFailure;

    Copying(ByteSink taker) {
      this.taker = taker;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      try {
        taker.write(bytes, offset, length);
      } catch (IOException e) {
        connectionFailure = e;
        throw e;
      }
      count += length;
    }
  }
}
