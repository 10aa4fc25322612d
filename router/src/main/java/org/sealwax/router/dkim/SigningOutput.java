package org.sealwax.router.dkim;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.dkim.DkimSigner;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.message.HeaderSection;
import org.sealwax.mail.message.MessageSplitter;

/**
 * Writes a message into the store and signs it on the way: keeps the header section until it is
 * complete, leaves a place for the signatures in front of it, and hashes the body while it passes.
 * Nothing is read a second time. Not thread-safe.
 */
public final class SigningOutput extends OutputStream {
  /** Where the message goes. */
  public interface SignedContent {
    /** Takes the next bytes. */
    OutputStream content();

    /**
     * Leaves a place, at most once.
     *
     * @param length bytes
     * @throws IOException when the store takes nothing
     */
    void reserve(int length) throws IOException;

    /**
     * Fills it.
     *
     * @param bytes as many as were reserved
     * @throws IOException when the store takes nothing
     */
    void fill(byte[] bytes) throws IOException;
  }

  /** Decides by the header which keys sign. */
  @FunctionalInterface
  public interface KeyChoice {
    /** {@return the keys; none: the message is not signed} */
    List<DkimSigningKey> keys(HeaderSection section);
  }

  private final SignedContent content;
  private final KeyChoice choice;
  private final SigningPool pool;
  private final Instant now;
  private final MessageSplitter splitter = new MessageSplitter(new Parts());
  private @Nullable ByteArrayOutputStream held = new ByteArrayOutputStream(1024);
  private @Nullable DkimSigner signer;
  private int reserved;
  private boolean ended;

  /**
   * A message that begins.
   *
   * @param content takes it
   * @param choice decides
   * @param pool makes the signatures
   * @param now the time of the signature
   */
  public SigningOutput(SignedContent content, KeyChoice choice, SigningPool pool, Instant now) {
    this.content = content;
    this.choice = choice;
    this.pool = pool;
    this.now = now;
  }

  /** {@return the same for a message that is written once more from its beginning, changed} */
  public SigningOutput again() {
    return new SigningOutput(content, choice, pool, now);
  }

  /** {@return bytes of the place that was left in front of the header} */
  public int reserved() {
    return reserved;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] block, int offset, int length) throws IOException {
    ByteArrayOutputStream header = held;
    if (header == null) {
      content.content().write(block, offset, length);
      if (signer != null) {
        splitter.write(block, offset, length);
      }
      return;
    }
    header.write(block, offset, length);
    splitter.write(block, offset, length);
  }

  /**
   * The message has ended, and all of it is in the store; the place of the signatures is empty.
   *
   * @throws IOException when the store takes nothing
   */
  public void end() throws IOException {
    if (!ended) {
      ended = true;
      splitter.close();
    }
  }

  /**
   * Ends the message, and fills the place of the signatures.
   *
   * @throws IOException when the store takes nothing, or a key cannot sign
   */
  @Override
  public void close() throws IOException {
    end();
    DkimSigner made = signer;
    if (made != null) {
      signer = null;
      content.fill(pool.sign(made::finish));
    }
  }

  private final class Parts implements MessageSplitter.MessageParts {
    @Override
    public void header(HeaderSection section) throws IOException {
      List<DkimSigningKey> keys = choice.keys(section);
      if (!keys.isEmpty()) {
        try {
          DkimSigner begun = DkimSigner.start(section, keys, now);
          int length = begun.length();
          content.reserve(length);
          reserved = length;
          signer = begun;
        } catch (DkimSigner.UnsignableHeader e) {
          // The header is not what a signature should vouch for: the mail goes out as it is.
        }
      }
      ByteArrayOutputStream all = held;
      held = null;
      if (all != null) {
        all.writeTo(content.content());
      }
    }

    @Override
    public void body(byte[] block, int offset, int length) {
      if (signer != null) {
        signer.body(block, offset, length);
      }
    }
  }
}
