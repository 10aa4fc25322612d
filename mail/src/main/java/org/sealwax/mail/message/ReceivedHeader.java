package org.sealwax.mail.message;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * The trace field that we put before every message we accept (RFC 5321 4.4), with the TLS facts of
 * the hop as comments in Postfix's words.
 *
 * <p>Texts that the client chose (HELO name, certificate names) are cut and cleaned, so that they
 * end neither comment nor field: no peer writes trace lines of its own here.
 *
 * @param client the client that sent it, or null for a message of local origin
 * @param by our own name
 * @param protocol how it came, or null for local origin
 * @param id queue identifier
 * @param recipient for the {@code for} clause; null when there is more than one: the header must
 *     not disclose them to each other (RFC 5321 7.6)
 * @param tls the handshake, or null without TLS
 * @param authenticated name of the SASL user when it may be shown, or null
 * @param time when it was received
 * @param offset in which the time is written
 */
public record ReceivedHeader(
    @Nullable ReceivedFrom client,
    Domain by,
    @Nullable Protocol protocol,
    String id,
    @Nullable Mailbox recipient,
    @Nullable Handshake tls,
    @Nullable String authenticated,
    Instant time,
    ZoneOffset offset) {
  /** Characters kept of a text that the client chose. */
  static final int MAX_TEXT = 128;

  /** Characters kept of a HELO argument: RFC 5321 4.5.3.1.2. */
  static final int MAX_HELO = 255;

  /**
   * The client of a session.
   *
   * @param helo its EHLO or HELO argument as given
   * @param verifiedName its name by PTR, when the name's addresses lead back to it, or null
   * @param address of its end of the connection
   */
  public record ReceivedFrom(String helo, @Nullable Domain verifiedName, InetAddress address) {}

  /** Keywords of the {@code with} clause (RFC 3848, RFC 6531 4.3, RFC 5321 4.4). */
  public enum Protocol {
    /** HELO, plaintext (RFC 5321 4.4). */
    SMTP,
    /** EHLO, plaintext (RFC 5321 4.4). */
    ESMTP,
    /** EHLO and AUTH (RFC 3848). */
    ESMTPA,
    /** EHLO and TLS (RFC 3848). */
    ESMTPS,
    /** EHLO, TLS and AUTH (RFC 3848). */
    ESMTPSA,
    /** SMTPUTF8, plaintext (RFC 6531 4.3). */
    UTF8SMTP,
    /** SMTPUTF8 and AUTH (RFC 6531 4.3). */
    UTF8SMTPA,
    /** SMTPUTF8 and TLS (RFC 6531 4.3). */
    UTF8SMTPS,
    /** SMTPUTF8, TLS and AUTH (RFC 6531 4.3). */
    UTF8SMTPSA;

    /**
     * {@return the keyword of a session} TLS or AUTH imply EHLO; implicit TLS with HELO has no
     * keyword of its own and is {@code ESMTPS} too, so that the encryption shows.
     *
     * @param ehlo whether the client sent EHLO
     * @param tls whether the connection is encrypted
     * @param auth whether the client authenticated
     * @param utf8 whether the transaction uses SMTPUTF8
     */
    public static Protocol of(boolean ehlo, boolean tls, boolean auth, boolean utf8) {
      if (utf8) {
        return tls ? (auth ? UTF8SMTPSA : UTF8SMTPS) : auth ? UTF8SMTPA : UTF8SMTP;
      }
      if (tls) {
        return auth ? ESMTPSA : ESMTPS;
      }
      return auth ? ESMTPA : ehlo ? ESMTP : SMTP;
    }
  }

  /** {@return the field with its CRLF, in ASCII} */
  public byte[] bytes() {
    return toString().getBytes(StandardCharsets.US_ASCII);
  }

  /** The field with its CRLF. */
  @Override
  public String toString() {
    Folding field = new Folding("Received");
    if (client != null) {
      field.word("from").word(helo(client.helo()));
      String name = client.verifiedName() == null ? "unknown" : client.verifiedName().name();
      field.word("(" + name).word(new AddressLiteral(client.address()) + ")");
      field.newLine();
    }
    if (tls != null) {
      tls(field, tls);
    }
    if (authenticated != null) {
      field.word("(Authenticated").word("sender:").word(cleaned(authenticated, MAX_TEXT) + ")");
      field.newLine();
    }
    field.word("by").word(by.name()).word("(Sealwax)");
    if (protocol != null) {
      field.word("with").word(protocol.name());
    }
    field.word("id").word(cleaned(id, MAX_TEXT));
    if (recipient != null && isShowable(recipient)) {
      field.newLine().word("for").word("<" + recipient + ">");
    }
    field.glued(";");
    if (recipient == null) {
      field.newLine();
    }
    // On one line: a date broken over lines is legal and read wrongly by many.
    return field.word(Rfc5322Date.of(time, offset)).end();
  }

  private static void tls(Folding field, Handshake tls) {
    field.word("(using").word(tls.version().label());
    field.word("with").word("cipher").word(cleaned(tls.suite(), MAX_TEXT));
    field.word("(" + tls.bits() + "/" + tls.bits()).word("bits)");
    if (tls.group() != null) {
      field.word("key-exchange").word(cleaned(tls.group(), MAX_TEXT));
    }
    field.glued(")").newLine();
    List<X509Certificate> chain = tls.peerChain();
    if (chain.isEmpty()) {
      field.word("(No").word("client").word("certificate").word("presented)").newLine();
      return;
    }
    X509Certificate leaf = chain.getFirst();
    String subject = CommonName.of(leaf.getSubjectX500Principal());
    String issuer = CommonName.of(leaf.getIssuerX500Principal());
    field.word("(Client").word("CN").word("\"" + cleaned(subject, MAX_TEXT) + "\",");
    field.word("Issuer").word("\"" + cleaned(issuer, MAX_TEXT) + "\"");
    field.words("(" + verdict(tls.verdict()) + "))").newLine();
  }

  private static String verdict(Verdict verdict) {
    return switch (verdict) {
      case Verdict.Verified v -> new Verdict.Verified(v.by(), cleaned(v.what(), MAX_TEXT)).text();
      case Verdict.Anonymous a -> a.text();
      case Verdict.Untrusted u -> u.text();
      case Verdict.Trusted t -> t.text();
    };
  }

  /** In ASCII only: our own field must not be what a message needs SMTPUTF8 for. */
  private static boolean isShowable(Mailbox mailbox) {
    String local = mailbox.localPart();
    if (local.length() > 2 * Mailbox.MAX_LOCAL_PART) {
      return false;
    }
    for (int i = 0; i < local.length(); i++) {
      if (local.charAt(i) < ' ' || local.charAt(i) >= 0x7f) {
        return false;
      }
    }
    return true;
  }

  /** Only what a domain or an address literal consists of; everything else becomes {@code ?}. */
  private static String helo(String given) {
    if (given.isEmpty()) {
      return "unknown";
    }
    int length = Math.min(given.length(), MAX_HELO);
    StringBuilder out = new StringBuilder(length);
    for (int i = 0; i < length; i++) {
      char c = given.charAt(i);
      boolean plain =
          c >= 'a' && c <= 'z'
              || c >= 'A' && c <= 'Z'
              || c >= '0' && c <= '9'
              || ".-_:[]".indexOf(c) >= 0;
      out.append(plain ? c : '?');
    }
    return out.toString();
  }

  /** Printable ASCII without what ends or nests comments and quoted strings. */
  static String cleaned(String given, int max) {
    int length = Math.min(given.length(), max);
    StringBuilder out = new StringBuilder(length);
    for (int i = 0; i < length; i++) {
      char c = given.charAt(i);
      boolean plain = c >= ' ' && c < 0x7f && "()\\\"".indexOf(c) < 0;
      out.append(plain ? c : '?');
    }
    return out.toString();
  }
}
