package org.sealwax.mail.message;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.smtp.OriginalRecipient;
import org.sealwax.mail.smtp.XText;

/**
 * A delivery status notification: a report for people first, then one for programs, then the
 * returned message or its header (RFC 3461, 3464, 6522; 6533 where an address is not ASCII).
 *
 * @param id its own queue identifier, for Message-ID and boundary
 * @param about the queue identifier of the message it is about
 * @param host our name
 * @param to the recipient of the notification
 * @param now for Date
 * @param arrived when the message came in
 * @param envelopeId ENVID as given in xtext, or null
 * @param recipients at least one
 * @param returned what comes back
 */
public record DeliveryStatus(
    String id,
    String about,
    String host,
    Mailbox to,
    Instant now,
    Instant arrived,
    @Nullable String envelopeId,
    List<DsnRecipient> recipients,
    ReturnedContent returned) {
  /** What happened (RFC 3464 2.3.3). */
  public enum DsnAction {
    /** Not delivered, and not tried again. */
    FAILED,
    /** Not yet delivered; tried again. */
    DELAYED,
    /** Delivered to the mailbox. */
    DELIVERED,
    /** Passed on to a host that reports no success. */
    RELAYED,
    /** Delivered to an alias or list that redistributes it. */
    EXPANDED;

    private String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * One recipient.
   *
   * @param action what happened
   * @param address the recipient as it was when we accepted the message (RFC 3464 2.3.2), also
   *     where an alias led further: the sender knows no other, and the owner of the alias perhaps
   *     wants to keep the target private
   * @param original ORCPT as given ({@code rfc822;…} in xtext), or null
   * @param status the enhanced status, {@code 5.1.1}
   * @param text a plain sentence for people; may be empty
   * @param remote the remote host, or null
   * @param reply what it said, or null
   * @param tls wanted and got TLS level, or null
   * @param until when we stop trying (DELAYED), or null
   */
  public record DsnRecipient(
      DsnAction action,
      Mailbox address,
      @Nullable String original,
      String status,
      String text,
      @Nullable String remote,
      @Nullable String reply,
      @Nullable String tls,
      @Nullable Instant until) {}

  /** The part of the message that is returned. */
  public sealed interface ReturnedContent {
    /** Nothing could be read. */
    record Nothing() implements ReturnedContent {}

    /**
     * Its header (text/rfc822-headers).
     *
     * @param content opened content, read to the end of the header
     */
    record HeaderOnly(InputStream content) implements ReturnedContent {}

    /**
     * All of it (message/rfc822).
     *
     * @param content opened content, read to its end
     */
    record FullMessage(InputStream content) implements ReturnedContent {}
  }

  /** Bytes of header that come back at most. */
  public static final int MAX_HEADER = 32 * 1024;

  /** Recipients described one by one to people; programs get them all. */
  private static final int MAX_DESCRIBED = 50;

  /** Longest text taken over from a remote host; it is quoted, never trusted. */
  private static final int MAX_TEXT = 1000;

  /** Columns of a text for people. */
  private static final int WIDTH = 72;

  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("EEE, d MMM yyyy HH:mm:ss '+0000'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  /** Copies. */
  public DeliveryStatus {
    recipients = List.copyOf(recipients);
    if (recipients.isEmpty()) {
      throw new IllegalArgumentException("a notification needs a recipient");
    }
  }

  /**
   * {@return whether the notification needs RFC 6533 forms, and with them SMTPUTF8: where an
   * address is not ASCII} Text of other hosts does not count, or a notification might not reach a
   * sender because of it.
   */
  public boolean isInternational() {
    return !to.isAscii() || recipients.stream().anyMatch(r -> !r.address().isAscii());
  }

  private static boolean isAscii(String text) {
    return text.chars().allMatch(c -> c < 0x80);
  }

  /** For fields that are ASCII unless the notification is international. */
  private static String field(String text, boolean utf8) {
    return utf8 || isAscii(text) ? text : text.replaceAll("[^\\x00-\\x7f]+", "?");
  }

  /**
   * {@return a date as it stands in headers (RFC 5322 3.3)}
   *
   * @param at the time
   */
  public static String date(Instant at) {
    return DATE.format(at);
  }

  /**
   * Writes header and body with CRLF line ends. The returned content's stream is left open.
   *
   * @param out where the bytes are written
   * @throws IOException when the connection or file fails
   */
  public void writeTo(OutputStream out) throws IOException {
    DsnWriter writer = new DsnWriter(out);
    boolean utf8 = isInternational();
    String boundary = "=_" + id + "." + about;
    header(writer, boundary, utf8);
    writer.line("--" + boundary);
    boolean eightBit = utf8 || !recipients.stream().allMatch(DeliveryStatus::isAsciiOnly);
    writer.line("Content-Type: text/plain; charset=" + (eightBit ? "utf-8" : "us-ascii"));
    if (eightBit) {
      writer.line("Content-Transfer-Encoding: 8bit");
    }
    writer.line("Content-Description: Notification");
    writer.line("");
    forPeople(writer);
    writer.line("");
    writer.line("--" + boundary);
    writer.line(
        utf8
            ? "Content-Type: message/global-delivery-status"
            : "Content-Type: message/delivery-status");
    if (utf8) {
      writer.line("Content-Transfer-Encoding: 8bit");
    }
    writer.line("Content-Description: Delivery report");
    writer.line("");
    forPrograms(writer, utf8);
    comesBack(writer, boundary, utf8);
    writer.line("--" + boundary + "--");
  }

  private static boolean isAsciiOnly(DsnRecipient r) {
    return isAscii(r.text()) && (r.reply() == null || isAscii(r.reply()));
  }

  private void header(DsnWriter writer, String boundary, boolean utf8) throws IOException {
    writer.line("Date: " + date(now));
    writer.line("From: Mail delivery system <postmaster@" + host + ">");
    writer.line("To: <" + to + ">");
    writer.line("Subject: " + subject());
    writer.line("Message-ID: <" + id + "@" + host + ">");
    // RFC 3834: automatic responders must not answer this.
    writer.line("Auto-Submitted: auto-replied");
    writer.line("MIME-Version: 1.0");
    writer.line("Content-Type: multipart/report; report-type=delivery-status;");
    writer.line("\tboundary=\"" + boundary + "\"");
    if (utf8) {
      writer.line("Content-Transfer-Encoding: 8bit");
    }
    writer.line("");
    writer.line("This is a report in MIME form (RFC 6522).");
    writer.line("");
  }

  private String subject() {
    return switch (recipients.getFirst().action()) {
      case FAILED -> "Your message was not delivered";
      case DELAYED -> "Your message is delayed";
      case DELIVERED -> "Your message was delivered";
      case RELAYED -> "Your message was relayed";
      case EXPANDED -> "Your message was forwarded to several addresses";
    };
  }

  private void forPeople(DsnWriter writer) throws IOException {
    writer.wrapped("This is the mail system at host " + host + ".");
    writer.line("");
    String when = date(arrived);
    switch (recipients.getFirst().action()) {
      case FAILED ->
          writer.wrapped(
              "Your message of "
                  + when
                  + " could not be delivered to the recipients below. It will not be tried again."
                  + attached());
      case DELAYED ->
          writer.wrapped(
              "Your message of "
                  + when
                  + " has not been delivered to the recipients below yet. You do not need to do"
                  + " anything or send it again: delivery will be tried again automatically.");
      case DELIVERED ->
          writer.wrapped("Your message of " + when + " was delivered to the recipients below.");
      case RELAYED ->
          writer.wrapped(
              "Your message of "
                  + when
                  + " was relayed for the recipients below to a mail server that does not"
                  + " confirm deliveries. You may get no further notification.");
      case EXPANDED ->
          writer.wrapped(
              "Your message of "
                  + when
                  + " was sent to an address that stands for several addresses, and was forwarded"
                  + " to them. You will be notified only if a delivery fails.");
    }
    int reported = 0;
    for (DsnRecipient r : recipients) {
      writer.line("");
      if (reported++ == MAX_DESCRIBED) {
        writer.wrapped(
            "And " + (recipients.size() - MAX_DESCRIBED) + " more, listed in the next part.");
        break;
      }
      writer.line("<" + r.address() + ">");
      if (!r.text().isEmpty()) {
        writer.indented(bounded(r.text()));
      }
      if (r.reply() != null) {
        writer.indented(
            (r.remote() == null ? "The mail server" : r.remote()) + " said: " + bounded(r.reply()));
      } else if (r.remote() != null) {
        writer.indented("Mail server: " + bounded(r.remote()));
      }
      if (r.tls() != null) {
        String[] levels = bounded(r.tls()).split(":", 2);
        writer.indented(
            "TLS level: required " + levels[0] + ", actual " + levels[levels.length - 1]);
      }
      if (r.until() != null) {
        writer.indented("Delivery will be tried until " + date(r.until()) + ".");
      }
    }
    writer.line("");
    writer.wrapped("If you ask for help, give this message identifier: " + about + ".");
  }

  private String attached() {
    return switch (returned) {
      case ReturnedContent.Nothing _ -> "";
      case ReturnedContent.HeaderOnly _ -> " The header of your message is attached.";
      case ReturnedContent.FullMessage _ -> " Your message is attached.";
    };
  }

  private void forPrograms(DsnWriter writer, boolean utf8) throws IOException {
    if (envelopeId != null) {
      writer.line(
          "Original-Envelope-Id: "
              + bounded(field(XText.decode(envelopeId).orElse(envelopeId), utf8)));
    }
    writer.line("Reporting-MTA: dns; " + host);
    writer.line("X-Queue-Id: " + about);
    writer.line("Arrival-Date: " + date(arrived));
    for (DsnRecipient r : recipients) {
      writer.line("");
      if (r.original() != null) {
        writer.line("Original-Recipient: " + bounded(original(r.original(), utf8)));
      }
      String type = utf8 && !r.address().isAscii() ? "utf-8" : "rfc822";
      writer.line("Final-Recipient: " + type + "; " + r.address());
      writer.line("Action: " + r.action().word());
      writer.line("Status: " + r.status());
      if (r.remote() != null) {
        writer.line("Remote-MTA: dns; " + bounded(name(r.remote())));
      }
      if (r.reply() != null) {
        writer.folded("Diagnostic-Code: smtp; " + bounded(field(r.reply(), utf8)));
      } else if (!r.text().isEmpty()) {
        // RFC 3464 2.3.6: no reply of a remote host, and programs expect a reason nevertheless.
        writer.folded("Diagnostic-Code: X-Sealwax; " + bounded(field(r.text(), utf8)));
      }
      if (r.action() == DsnAction.DELAYED && r.until() != null) {
        writer.line("Will-Retry-Until: " + date(r.until()));
      }
    }
    writer.line("");
  }

  /** The name of {@code mx.example.org[192.0.2.1]:25}. */
  private static String name(String remote) {
    int bracket = remote.indexOf('[');
    return bracket > 0 ? remote.substring(0, bracket) : remote;
  }

  private static String original(String orcpt, boolean utf8) {
    String type = OriginalRecipient.type(orcpt);
    String address = OriginalRecipient.address(orcpt).orElse("");
    if (utf8 || isAscii(address)) {
      return type + "; " + address;
    }
    // RFC 6533 3: the 7-bit form.
    String encoded = OriginalRecipient.sevenBit(orcpt).orElse(orcpt);
    return type + "; " + field(encoded.substring(encoded.indexOf(';') + 1), false);
  }

  private static String bounded(String text) {
    return text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT) + " (shortened)";
  }

  private void comesBack(DsnWriter writer, String boundary, boolean utf8) throws IOException {
    switch (returned) {
      case ReturnedContent.Nothing n -> {}
      case ReturnedContent.HeaderOnly h -> {
        byte[] header = headerOf(h.content());
        writer.line("--" + boundary);
        content(
            writer,
            isInternational(header, utf8) ? "message/global-headers" : "text/rfc822-headers",
            "Header of your message",
            header);
      }
      case ReturnedContent.FullMessage w -> {
        byte[] whole = w.content().readAllBytes();
        byte[] header = headerOf(new ByteArrayInputStream(whole));
        writer.line("--" + boundary);
        // RFC 6532 3.7: a header with UTF-8 is not message/rfc822.
        content(
            writer,
            isInternational(header, utf8) ? "message/global" : "message/rfc822",
            "Your message",
            whole);
      }
    }
  }

  /**
   * Whether a header may be called global (RFC 6532 3.7): in UTF-8, and not in an older charset.
   */
  private static boolean isInternational(byte[] header, boolean utf8) {
    try {
      var _ = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(header));
      return utf8 || isEightBit(header);
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  private static boolean isEightBit(byte[] content) {
    boolean eight = false;
    for (byte b : content) {
      eight |= b < 0;
    }
    return eight;
  }

  private static void content(DsnWriter writer, String type, String description, byte[] content)
      throws IOException {
    writer.line("Content-Type: " + type);
    writer.line("Content-Description: " + description);
    if (isEightBit(content)) {
      // RFC 2046 5.2.1: message/rfc822 may only be 7bit, 8bit or binary.
      writer.line("Content-Transfer-Encoding: 8bit");
    }
    writer.line("");
    writer.raw(content);
    writer.line("");
  }

  /** The header without the empty line, bounded, cut at a line's end. */
  static byte[] headerOf(InputStream content) throws IOException {
    byte[] start = content.readNBytes(MAX_HEADER);
    int lastLine = 0;
    for (int i = 0; i + 1 < start.length; i++) {
      if (start[i] == '\r' && start[i + 1] == '\n') {
        if (i == lastLine) {
          return java.util.Arrays.copyOf(start, lastLine);
        }
        lastLine = i + 2;
      }
    }
    return java.util.Arrays.copyOf(
        start, start.length < MAX_HEADER && lastLine == 0 ? start.length : lastLine);
  }

  /** Writes lines; texts from outside lose their control characters here. */
  private static final class DsnWriter {
    private static final byte[] CRLF = {'\r', '\n'};
    private final OutputStream out;

    DsnWriter(OutputStream out) {
      this.out = out;
    }

    void line(String text) throws IOException {
      out.write(clean(text).getBytes(StandardCharsets.UTF_8));
      out.write(CRLF);
    }

    void raw(byte[] bytes) throws IOException {
      out.write(bytes);
      boolean ended =
          bytes.length >= 2 && bytes[bytes.length - 2] == '\r' && bytes[bytes.length - 1] == '\n';
      if (!ended) {
        out.write(CRLF);
      }
    }

    void wrapped(String text) throws IOException {
      for (String line : wrap(text, WIDTH)) {
        line(line);
      }
    }

    void indented(String text) throws IOException {
      for (String line : wrap(text, WIDTH - 4)) {
        line("    " + line);
      }
    }

    void folded(String text) throws IOException {
      String before = "";
      for (String line : wrap(text, WIDTH)) {
        line(before + line);
        before = "    ";
      }
    }

    /** Nothing from outside may start a line of its own: a header or a boundary. */
    private static String clean(String text) {
      StringBuilder out = null;
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        if (c < ' ' && c != '\t' || c == 0x7f) {
          if (out == null) {
            out = new StringBuilder(text);
          }
          out.setCharAt(i, ' ');
        }
      }
      return out == null ? text : out.toString();
    }

    private static List<String> wrap(String text, int width) {
      List<String> lines = new ArrayList<>();
      StringBuilder line = new StringBuilder();
      for (String word : clean(text).split(" ", -1)) {
        if (line.length() > 0 && line.length() + 1 + word.length() > width) {
          lines.add(line.toString());
          line.setLength(0);
        }
        if (line.length() > 0) {
          line.append(' ');
        }
        line.append(word);
      }
      lines.add(line.toString());
      return lines;
    }
  }
}
