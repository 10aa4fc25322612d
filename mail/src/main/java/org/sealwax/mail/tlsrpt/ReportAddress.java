package org.sealwax.mail.tlsrpt;

import java.net.URI;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.smtp.MailboxParser;

/** Address for the reports to a domain (RFC 8460 section 3). */
public sealed interface ReportAddress {
  /** Bytes of one address: reports are for programs, and a normal address is short. */
  int MAX_LENGTH = 500;

  /**
   * By mail, DKIM-signed.
   *
   * @param mailbox the mailbox
   */
  record ByMail(Mailbox mailbox) implements ReportAddress {
    @Override
    public String toString() {
      return "mailto:" + mailbox;
    }
  }

  /**
   * By POST over HTTPS.
   *
   * @param host the host that takes the POST; its certificate must match this name
   * @param port 443 unless given
   * @param path with its query, beginning with a slash
   */
  record ByPost(Domain host, int port, String path) implements ReportAddress {
    @Override
    public String toString() {
      return "https://" + host + (port == 443 ? "" : ":" + port) + path;
    }
  }

  /**
   * Reads one address of {@code rua}; empty for other schemes and what does not parse.
   *
   * @param text the text to read
   * @return the address; empty for other schemes and for text that does not parse
   */
  static Optional<ReportAddress> parse(String text) {
    if (text.length() > MAX_LENGTH || !text.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
      return Optional.empty();
    }
    String lower = text.toLowerCase(java.util.Locale.ROOT);
    if (lower.startsWith("mailto:")) {
      // RFC 8460 §3: "," and "!" are percent-encoded in the address; header fields mean nothing.
      String address = text.substring("mailto:".length());
      int fields = address.indexOf('?');
      String bare = fields < 0 ? address : address.substring(0, fields);
      return unescaped(bare).flatMap(MailboxParser::parse).map(ByMail::new);
    }
    if (lower.startsWith("https://")) {
      return post(text);
    }
    return Optional.empty();
  }

  private static Optional<ReportAddress> post(String text) {
    URI uri;
    try {
      uri = URI.create(text);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
    if (uri.getHost() == null || uri.getRawUserInfo() != null || uri.getPort() > 65_535) {
      return Optional.empty();
    }
    String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
    String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
    int port = uri.getPort() < 0 ? 443 : uri.getPort();
    return Domain.parse(uri.getHost()).map(d -> new ByPost(d, port, path + query));
  }

  private static Optional<String> unescaped(String text) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '%') {
        out.append(c);
        continue;
      }
      if (i + 2 >= text.length()) {
        return Optional.empty();
      }
      int high = Character.digit(text.charAt(i + 1), 16);
      int low = Character.digit(text.charAt(i + 2), 16);
      int value = high * 16 + low;
      if (high < 0 || low < 0 || value <= 0x20 || value >= 0x7f) {
        return Optional.empty();
      }
      out.append((char) value);
      i += 2;
    }
    return Optional.of(out.toString());
  }
}
