package org.sealwax.mail.dkim;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.message.HeaderSection;
import org.sealwax.mail.message.MessageSplitter;
import org.sealwax.testkit.dns.FixedResolver;

/** Keys, and messages that are signed and verified with them. */
public final class SignedMessages {
  /** When messages are signed. */
  public static final Instant NOW = Instant.parse("2026-12-01T12:00:00Z");

  /** Two keys of one domain. */
  public static final List<DkimSigningKey> KEYS =
      List.of(key("RSA", 2048, "rsa"), key("Ed25519", 255, "ed"));

  private SignedMessages() {}

  /** A new key of example.org. */
  static DkimSigningKey key(String algorithm, int bits, String selector) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
      generator.initialize(bits);
      KeyPair pair = generator.generateKeyPair();
      return DkimSigningKey.parse(
          Domain.of("example.org"), Domain.of(selector), pem(pair.getPrivate().getEncoded()));
    } catch (GeneralSecurityException | DkimSigningKey.InvalidKey e) {
      throw new IllegalStateException(e);
    }
  }

  static String pem(byte[] der) {
    return "-----BEGIN PRIVATE KEY-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
        + "\n-----END PRIVATE KEY-----\n";
  }

  /** The DNS with these keys. */
  public static FixedResolver dns(List<DkimSigningKey> keys) {
    FixedResolver.Builder dns = FixedResolver.builder();
    keys.forEach(k -> dns.txt(k.recordName().name(), k.record()));
    return dns.build();
  }

  /** A message as bytes; its characters are bytes. */
  public static byte[] bytes(String message) {
    return message.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** The message with signatures above it. */
  public static String sign(String message, List<DkimSigningKey> keys) {
    Signing signing = new Signing(keys);
    feed(bytes(message), signing, Integer.MAX_VALUE);
    try {
      DkimSigner signer = signing.signer;
      if (signer == null) {
        throw new IllegalStateException("no header");
      }
      int length = signer.length();
      String fields = new String(signer.finish(), StandardCharsets.ISO_8859_1);
      if (fields.length() != length) {
        throw new AssertionError(length + " bytes were said, and there are " + fields.length());
      }
      return fields + message;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static final class Signing implements MessageSplitter.MessageParts {
    private final List<DkimSigningKey> keys;
    private @Nullable DkimSigner signer;

    private Signing(List<DkimSigningKey> keys) {
      this.keys = keys;
    }

    @Override
    public void header(HeaderSection section) throws IOException {
      try {
        signer = DkimSigner.start(section, keys, NOW);
      } catch (DkimSigner.UnsignableHeader e) {
        throw new IOException(e);
      }
    }

    @Override
    public void body(byte[] block, int offset, int length) {
      if (signer != null) {
        signer.body(block, offset, length);
      }
    }
  }

  /** Results of a message that comes in blocks. */
  public static List<DkimResult> verify(byte[] message, KeyLookup keys, int block, Instant now) {
    return verify(message, keys, block, new Verification(now, domain -> false));
  }

  private static List<DkimResult> verify(
      byte[] message, KeyLookup keys, int block, Verification verification) {
    feed(message, verification, block);
    DkimVerifier verifier = verification.verifier;
    if (verifier == null) {
      throw new IllegalStateException("no header");
    }
    return verifier.results(keys);
  }

  /** The same, in one block. */
  public static List<DkimResult> verify(String message, KeyLookup keys) {
    return verify(bytes(message), keys, Integer.MAX_VALUE, NOW);
  }

  /** The same; signatures of wanted domains go before the others. */
  static List<DkimResult> verify(String message, KeyLookup keys, Predicate<Domain> wanted) {
    return verify(bytes(message), keys, Integer.MAX_VALUE, new Verification(NOW, wanted));
  }

  private static final class Verification implements MessageSplitter.MessageParts {
    private final Instant now;
    private final Predicate<Domain> wanted;
    private @Nullable DkimVerifier verifier;

    private Verification(Instant now, Predicate<Domain> wanted) {
      this.now = now;
      this.wanted = wanted;
    }

    @Override
    public void header(HeaderSection section) {
      verifier = DkimVerifier.start(section, DkimVerifier.MAIL, wanted, now);
    }

    @Override
    public void body(byte[] block, int offset, int length) {
      if (verifier != null) {
        verifier.body(block, offset, length);
      }
    }
  }

  private static void feed(byte[] message, MessageSplitter.MessageParts parts, int block) {
    try (MessageSplitter splitter = new MessageSplitter(parts)) {
      for (int i = 0; i < message.length; ) {
        int length = Math.min(block, message.length - i);
        // A copy: a reader that keeps a reference to the block reads other bytes later.
        byte[] copy = Arrays.copyOfRange(message, i, i + length);
        splitter.write(copy, 0, length);
        Arrays.fill(copy, (byte) '?');
        i += length;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
