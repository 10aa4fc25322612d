package org.sealwax.router.reports;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.interfaces.RSAKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import org.apache.james.jdkim.DKIMSigner;
import org.apache.james.jdkim.exceptions.FailException;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.FailureText;

/**
 * Signs our own messages by DKIM (RFC 6376), with the service type that TLS reports need to have
 * allowed in the key's record (RFC 8460 section 3: {@code s=tlsrpt}). RSA with SHA-256, which is
 * what every verifier knows (RFC 8301). Thread-safe.
 */
public final class DkimSigner {
  /** RFC 8301 section 3.2: shorter keys are not verified. */
  private static final int LEAST_BITS = 1024;

  /** Bytes of a key file: a 4096-bit key has some 3,300. */
  private static final int MAX_FILE = 20_000;

  private static final String SIGNED =
      "from:to:subject:date:message-id:mime-version:content-type:tls-report-domain:tls-report-submitter";

  private final Domain domain;
  private final String selector;
  private final PrivateKey key;

  private DkimSigner(Domain domain, String selector, PrivateKey key) {
    this.domain = domain;
    this.selector = selector;
    this.key = key;
  }

  /**
   * Reads the key.
   *
   * @param domain signing domain
   * @param selector below {@code _domainkey}, one or more labels
   * @param file an RSA key in PKCS#8, PEM
   * @throws IOException when it cannot be read or is no such key; the message never quotes it
   */
  public static DkimSigner read(Domain domain, Domain selector, Path file) throws IOException {
    if (Files.size(file) > MAX_FILE) {
      throw new IOException(file + " is larger than " + MAX_FILE + " bytes");
    }
    String text = Files.readString(file, StandardCharsets.US_ASCII);
    int begin = text.indexOf("-----BEGIN PRIVATE KEY-----");
    int end = text.indexOf("-----END PRIVATE KEY-----");
    if (begin < 0 || end < begin) {
      throw new IOException(file + " contains no private key in PKCS#8 PEM");
    }
    try {
      byte[] der =
          Base64.getMimeDecoder()
              .decode(text.substring(begin + "-----BEGIN PRIVATE KEY-----".length(), end));
      PrivateKey key = KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(der));
      if (!(key instanceof RSAKey rsa) || rsa.getModulus().bitLength() < LEAST_BITS) {
        throw new IOException(file + ": an RSA key of at least " + LEAST_BITS + " bits is needed");
      }
      return new DkimSigner(domain, selector.name(), key);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException(file + " is not an RSA key", e);
    }
  }

  /**
   * The header field that signs a message, with its CRLF.
   *
   * @param message header and body with CRLF line ends
   */
  String sign(byte[] message) throws IOException {
    String template =
        "v=1; a=rsa-sha256; c=relaxed/relaxed; d="
            + domain
            + "; s="
            + selector
            + "; h="
            + SIGNED
            + "; bh=; b=;";
    try {
      return new DKIMSigner(template, key).sign(new ByteArrayInputStream(message)) + "\r\n";
    } catch (FailException e) {
      throw new IOException("cannot sign the report: " + FailureText.of(e), e);
    }
  }
}
