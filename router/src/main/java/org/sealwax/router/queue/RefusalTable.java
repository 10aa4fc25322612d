package org.sealwax.router.queue;

import static org.sealwax.router.queue.RefusalClass.CONTENT;
import static org.sealwax.router.queue.RefusalClass.FORMAT;
import static org.sealwax.router.queue.RefusalClass.GREYLISTING;
import static org.sealwax.router.queue.RefusalClass.MAILBOX_FULL;
import static org.sealwax.router.queue.RefusalClass.NO_PTR;
import static org.sealwax.router.queue.RefusalClass.POLICY;
import static org.sealwax.router.queue.RefusalClass.RATE_LIMIT_DKIM_DOMAIN;
import static org.sealwax.router.queue.RefusalClass.RATE_LIMIT_IP;
import static org.sealwax.router.queue.RefusalClass.RATE_LIMIT_SPF_DOMAIN;
import static org.sealwax.router.queue.RefusalClass.RATE_LIMIT_URL;
import static org.sealwax.router.queue.RefusalClass.SENDER_AUTHENTICATION;
import static org.sealwax.router.queue.RefusalClass.SIZE;
import static org.sealwax.router.queue.RefusalClass.TEMPORARY;
import static org.sealwax.router.queue.RefusalClass.TLS;
import static org.sealwax.router.queue.RefusalClass.UNKNOWN;
import static org.sealwax.router.queue.RefusalClass.UNKNOWN_USER;

import java.util.List;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;

/**
 * The one place that reads the words of other servers: from enhanced status and text to a {@link
 * RefusalClass}. The first row that fits counts.
 *
 * <p>Status codes: RFC 3463, RFC 5248 with the IANA registry, RFC 7372 (authentication), RFC 7505,
 * RFC 8689. Texts: Google's "Gmail SMTP errors and codes"
 * (https://knowledge.workspace.google.com/admin/support/troubleshooting/gmail-smtp-errors-and-codes),
 * Microsoft's "NDR error codes in Exchange Online" and "Fix NDR error 550 5.7.515", Yahoo's "SMTP
 * Error Codes" (https://senders.yahooinc.com/smtp-error-codes/), Apple's and Proofpoint's as
 * collected by https://smtp.codes, the error messages of postmaster.gmx.net and postmaster.web.de,
 * Mimecast's "SMTP Error Codes". {@code RefusalTextsTest} has each text with its source.
 *
 * <p>A status is what the reply has in the place of one, and never digits in its text.
 */
final class RefusalTable {
  /** Characters of a text that are read; the sentences of the large receivers are shorter. */
  static final int MOST_TEXT = 2048;

  private static final int ANY = -1;

  /** Subject and details of a status that a row fits. */
  private record StatusRange(int subject, int from, int to) {
    /** Of {@code "7"}, {@code "7.26"} or {@code "7.20-24"}; empty: any reply. */
    static StatusRange of(String text) {
      String[] parts = text.split("[.-]");
      boolean any = text.isEmpty();
      return new StatusRange(
          any ? ANY : Integer.parseInt(parts[0]),
          parts.length > 1 ? Integer.parseInt(parts[1]) : 0,
          parts.length > 1 ? Integer.parseInt(parts[parts.length - 1]) : 999);
    }

    boolean fits(Reply reply) {
      EnhancedStatus status = reply.status();
      return subject == ANY
          || status != null
              && status.subject() == subject
              && status.detail() >= from
              && status.detail() <= to;
    }
  }

  /**
   * One row.
   *
   * @param kind first digit of the code, or {@link #ANY}
   * @param status of the reply
   * @param words that stand in the text, in lower case; one of them is enough; empty: any text
   * @param found the class
   */
  private record RefusalRow(int kind, StatusRange status, List<String> words, RefusalClass found) {
    RefusalRow words(String... some) {
      return new RefusalRow(kind, status, List.of(some), found);
    }

    RefusalRow kind(int digit) {
      return new RefusalRow(digit, status, words, found);
    }

    boolean fits(Reply reply, String text) {
      return (kind == ANY || reply.code() / 100 == kind)
          && status.fits(reply)
          && (words.isEmpty() || words.stream().anyMatch(text::contains));
    }
  }

  private static final List<RefusalRow> TABLE =
      List.of(
          row(GREYLISTING)
              .kind(4)
              .words(
                  "greylist",
                  "graylist",
                  "[gl01]",
                  // Mimecast.
                  "internal resources are temporarily unavailable"),
          // Gmail, 4.7.28 and 5.7.28: the text names whose rate it is.
          row(RATE_LIMIT_IP, "7.28").words("ip address", "ip netblock"),
          row(RATE_LIMIT_DKIM_DOMAIN, "7.28").words("dkim domain"),
          row(RATE_LIMIT_URL, "7.28").words("url domain"),
          row(RATE_LIMIT_SPF_DOMAIN, "7.28"),
          row(RATE_LIMIT_IP, "7.0-1").words("rate of unsolicited mail", "[ts"),
          // Gmail has 4.7.23 for a missing PTR record.
          row(NO_PTR, "7.23").words("ptr record"),
          // RFC 7372: 20 to 22 DKIM, 23 and 24 SPF, 25 reverse DNS, 26 several.
          row(SENDER_AUTHENTICATION, "7.20-24"),
          row(NO_PTR, "7.25"),
          row(SENDER_AUTHENTICATION, "7.26"),
          // Gmail uses 27 and 30 for SPF and DKIM; in RFC 7505 and RFC 8689 they are others.
          row(SENDER_AUTHENTICATION, "7.27").words("spf"),
          row(TLS, "7.29"),
          row(SENDER_AUTHENTICATION, "7.30").words("dkim"),
          row(TLS, "7.30"),
          // Gmail: 31 and 40 no DMARC record, 32 no alignment.
          row(SENDER_AUTHENTICATION, "7.31-32"),
          row(SENDER_AUTHENTICATION, "7.40"),
          row(TLS, "7.10-11"),
          // Microsoft.
          row(SENDER_AUTHENTICATION, "7.509"),
          row(SENDER_AUTHENTICATION, "7.515"),
          row(RATE_LIMIT_IP, "7.511"),
          row(RATE_LIMIT_IP, "7.606-699"),
          row(RATE_LIMIT_IP, "7.708"),
          row(RATE_LIMIT_IP, "7.500").kind(4),
          row(UNKNOWN_USER, "4.1").kind(5).words("recipient address rejected"),
          row(UNKNOWN_USER, "5.0").kind(5).words("mailbox unavailable"),
          // Yahoo: TSS and BL are about the address, PH about phishing; 5.7.9 with this text is a
          // DMARC policy.
          row(RATE_LIMIT_IP, "7").words("[tss", "[tsu", "[bl2"),
          row(CONTENT).kind(5).words("[ph0"),
          row(SENDER_AUTHENTICATION, "7.9").words("policy reasons", "unauthenticated"),
          // 5.7.0 and 5.7.1 of all: by their texts.
          row(SENDER_AUTHENTICATION, "7.0-1")
              .words(
                  "unauthenticated",
                  "authentication information",
                  "dmarc",
                  "spf check",
                  "spf policy",
                  "dkim"),
          row(TLS, "7.0-1").words("tls required", "starttls command first"),
          row(NO_PTR, "7.0-1").words("ptr record", "reverse dns", "reverse host"),
          // Apple: a domain in the content; its filter; a list of addresses; Proofpoint.
          row(CONTENT, "7.0-1").words("spamhaus dbl", "[cs0"),
          row(RATE_LIMIT_IP, "7.0-1")
              .words(
                  "block list",
                  "blocklist",
                  "blacklist",
                  "blocked using",
                  "banned sending ip",
                  "spamhaus",
                  "proofpoint.com/"),
          row(CONTENT, "7.0-1").words("unsolicited", "spam", "virus", "malware"),
          row(FORMAT, "7.0-1").words("rfc 5322", "rfc5322"),
          // RFC 3463 and its registry.
          row(UNKNOWN_USER, "1.0-4").kind(5),
          row(UNKNOWN_USER, "1.6").kind(5),
          row(UNKNOWN_USER, "1.10").kind(5),
          row(UNKNOWN_USER, "2.1").kind(5),
          row(MAILBOX_FULL, "2.2"),
          row(SIZE, "2.3"),
          row(SIZE, "3.4"),
          row(FORMAT, "6"),
          row(FORMAT, "5").kind(5),
          row(POLICY, "7").kind(5),
          row(POLICY, "1").kind(5),
          // Without a status, or with x.0.0: the words that most servers use.
          plain(5, UNKNOWN_USER, "user unknown", "unknown user", "no such user", "does not exist"),
          plain(ANY, MAILBOX_FULL, "mailbox full", "mailbox is full", "over quota", "quota exceed"),
          // RFC 5321 section 4.2.3, without more.
          plain(5, MAILBOX_FULL, "exceeded storage allocation"),
          // GMX and WEB.DE, which send no status; Mimecast; Yahoo.
          plain(ANY, NO_PTR, "ptr resource record", "ptr record"),
          plain(ANY, RATE_LIMIT_IP, "block listed", "rate limit reached", "ip reputation"),
          plain(ANY, RATE_LIMIT_IP, "ip temporarily blacklisted"),
          plain(5, SENDER_AUTHENTICATION, "spf policy", "dmarc policy"),
          plain(5, SENDER_AUTHENTICATION, "spf sender invalid", "dkim sender invalid"),
          plain(5, SENDER_AUTHENTICATION, "dmarc sender invalid"),
          plain(5, TLS, "requires encryption", "requires tls"),
          plain(5, CONTENT, "spam", "virus", "malware", "unsolicited", "due to security policies"),
          plain(5, SIZE, "too large", "too big", "size limit", "size exceed"),
          plain(5, UNKNOWN_USER, "mailbox unavailable", "mailbox not found", "invalid recipient"),
          plain(5, UNKNOWN_USER, "this user doesn't have a", "mailbox is disabled"),
          plain(5, POLICY, "policy restrictions", "anti-spoofing policy", "blocked senders"),
          row(TEMPORARY).kind(4));

  private RefusalTable() {}

  private static RefusalRow row(RefusalClass found) {
    return row(found, "");
  }

  private static RefusalRow row(RefusalClass found, String status) {
    return new RefusalRow(ANY, StatusRange.of(status), List.of(), found);
  }

  private static RefusalRow plain(int kind, RefusalClass found, String... words) {
    return row(found).kind(kind).words(words);
  }

  static RefusalClass classOf(Reply reply) {
    String text = text(reply);
    for (RefusalRow row : TABLE) {
      if (row.fits(reply, text)) {
        return row.found();
      }
    }
    return UNKNOWN;
  }

  /**
   * The beginning of the text as one line of lower-case ASCII. Any other character is a space: a
   * letter that looks like one of a word is not that letter.
   */
  private static String text(Reply reply) {
    StringBuilder out = new StringBuilder(256);
    for (String line : reply.lines()) {
      for (int i = 0; i < line.length() && out.length() < MOST_TEXT; i++) {
        char c = line.charAt(i);
        out.append(c >= 'A' && c <= 'Z' ? (char) (c + 32) : c > ' ' && c < 0x7f ? c : ' ');
      }
      if (out.length() >= MOST_TEXT) {
        break;
      }
      out.append(' ');
    }
    return out.toString();
  }
}
