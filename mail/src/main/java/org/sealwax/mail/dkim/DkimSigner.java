package org.sealwax.mail.dkim;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.sealwax.mail.message.HeaderField;
import org.sealwax.mail.message.HeaderSection;
import org.sealwax.mail.message.HeaderSection.HeaderFlaw;
import org.sealwax.mail.message.MessageSplitter;

/**
 * Signs one message (RFC 6376 section 5) while it passes: takes the header section, then the body
 * in blocks, and makes one DKIM-Signature field for each key. The fields' size is known when the
 * header is known, so that a place for them can be left before the message. The whole body is
 * signed; header and body are canonicalized by {@code relaxed}. Not thread-safe.
 *
 * <p>Fields that a reader shows or acts on are signed once more than they occur: another field of
 * that name, added later, breaks the signature (section 8.15).
 */
public final class DkimSigner {
  /** Signed once more than they occur, and also when they do not occur. */
  private static final List<String> OVERSIGNED =
      List.of(
          "from",
          "date",
          "subject",
          "to",
          "cc",
          "reply-to",
          "message-id",
          "mime-version",
          "content-type",
          "content-transfer-encoding",
          "content-disposition",
          "content-id",
          "content-description");

  /** Signed as often as they occur. */
  private static final Set<String> IF_PRESENT =
      Set.of("in-reply-to", "references", "tls-report-domain", "tls-report-submitter");

  private static final String LISTS = "list-";

  /** Names in {@code h=}: an ordinary message has 30. */
  static final int MAX_NAMES = 150;

  /** Characters of a line of the field (RFC 5322 2.1.1 recommends 78). */
  private static final int LINE = 76;

  private static final String CRLF = "\r\n";
  private static final String FOLD = CRLF + "\t";

  /** Bytes of a SHA-256 hash. */
  private static final int HASH = 32;

  /** A header that is not signed. */
  public static final class UnsignableHeader extends Exception {
    private static final long serialVersionUID = 1L;

    UnsignableHeader(String reason) {
      super(reason, null, false, false);
    }
  }

  private final HeaderSection section;
  private final List<DkimSigningKey> keys;
  private final List<String> names;
  private final Instant now;
  private final BodyHash body = new BodyHash(Canonicalization.RELAXED, OptionalLong.empty());

  private DkimSigner(
      HeaderSection section, List<DkimSigningKey> keys, List<String> names, Instant now) {
    this.section = section;
    this.keys = List.copyOf(keys);
    this.names = names;
    this.now = now;
  }

  /**
   * Begins a message.
   *
   * @param section the header section as it will be sent, without fields that are added above
   * @param keys at least one; each makes one signature
   * @param now for {@code t=}
   * @throws UnsignableHeader when the header has no From field or several, or is malformed
   * @return the signer, which takes the body next
   */
  public static DkimSigner start(HeaderSection section, List<DkimSigningKey> keys, Instant now)
      throws UnsignableHeader {
    if (keys.isEmpty()) {
      throw new IllegalArgumentException("no key");
    }
    if (section.flaw() != HeaderFlaw.NONE) {
      throw new UnsignableHeader("the header section is malformed");
    }
    if (section.named("From").size() != 1) {
      throw new UnsignableHeader("the message has not exactly one From field");
    }
    List<String> names = names(section);
    if (names.size() > MAX_NAMES) {
      throw new UnsignableHeader("the header has too many fields that would be signed");
    }
    return new DkimSigner(section, keys, names, now);
  }

  /**
   * {@return a message that is in memory, with its signatures above it}
   *
   * @param message header section and body, with CRLF line ends
   * @param keys at least one
   * @param now for {@code t=}
   * @throws UnsignableHeader when the header has no From field or several, or is malformed
   * @throws GeneralSecurityException when a key cannot sign
   */
  public static byte[] sign(byte[] message, List<DkimSigningKey> keys, Instant now)
      throws UnsignableHeader, GeneralSecurityException {
    WholeMessage whole = new WholeMessage();
    try (MessageSplitter splitter = new MessageSplitter(whole)) {
      splitter.write(message);
    } catch (IOException e) {
      throw new IllegalStateException("nothing is written", e);
    }
    DkimSigner signer = start(whole.section, keys, now);
    byte[] body = whole.body.toByteArray();
    signer.body(body, 0, body.length);
    byte[] fields = signer.finish();
    byte[] signed = Arrays.copyOf(fields, fields.length + message.length);
    System.arraycopy(message, 0, signed, fields.length, message.length);
    return signed;
  }

  private static final class WholeMessage implements MessageSplitter.MessageParts {
    private HeaderSection section = new HeaderSection(List.of(), HeaderFlaw.NONE);
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();

    @Override
    public void header(HeaderSection found) {
      section = found;
    }

    @Override
    public void body(byte[] block, int offset, int length) {
      body.write(block, offset, length);
    }
  }

  private static List<String> names(HeaderSection section) {
    List<String> names = new ArrayList<>();
    for (String name : OVERSIGNED) {
      for (int i = section.named(name).size(); i >= 0; i--) {
        names.add(name);
      }
    }
    for (HeaderField field : section.fields()) {
      String name = field.key();
      if (IF_PRESENT.contains(name) || name.startsWith(LISTS)) {
        names.add(name);
      }
    }
    return List.copyOf(names);
  }

  /** {@return the bytes that {@link #finish} will return} */
  public int length() {
    byte[] hash = new byte[HASH];
    return keys.stream()
        .mapToInt(k -> field(k, hash, new byte[k.signatureLength()]).raw().length() + 2)
        .sum();
  }

  /**
   * Takes the next bytes of the body.
   *
   * @param block holds the bytes
   * @param offset index of the first byte
   * @param length number of bytes
   */
  public void body(byte[] block, int offset, int length) {
    body.feed(block, offset, length);
  }

  /**
   * {@return the fields with their line ends, to be put above the header section; the body has
   * ended}
   *
   * @throws GeneralSecurityException when a key cannot sign
   */
  public byte[] finish() throws GeneralSecurityException {
    byte[] hash = body.end();
    StringBuilder out = new StringBuilder();
    for (DkimSigningKey key : keys) {
      HeaderField unsigned = field(key, hash, new byte[0]);
      byte[] signature =
          key.sign(
              input ->
                  SignedHeader.writeTo(
                      input, section, names, Canonicalization.RELAXED, unsigned, unsigned));
      out.append(field(key, hash, signature).raw()).append(CRLF);
    }
    return out.toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  private HeaderField field(DkimSigningKey key, byte[] hash, byte[] signature) {
    StringBuilder out = new StringBuilder(DkimSignature.NAME);
    out.append(": v=1; a=").append(key.algorithm().tag()).append("; c=relaxed/relaxed;");
    out.append(FOLD).append("d=").append(key.domain()).append(';');
    out.append(FOLD).append("s=").append(key.selector());
    out.append("; t=").append(now.getEpochSecond()).append(';');
    out.append(FOLD).append("h=");
    int line = 2;
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i) + (i + 1 < names.size() ? ":" : ";");
      if (line + name.length() > LINE) {
        out.append(FOLD);
        line = 0;
      }
      out.append(name);
      line += name.length();
    }
    out.append(FOLD).append("bh=").append(Base64.getEncoder().encodeToString(hash)).append(';');
    out.append(FOLD).append("b=");
    String encoded = Base64.getEncoder().encodeToString(signature);
    for (int i = 0; i < encoded.length(); i += LINE - 2) {
      out.append(i == 0 ? "" : FOLD).append(encoded, i, Math.min(encoded.length(), i + LINE - 2));
    }
    return HeaderField.of(out.toString());
  }
}
