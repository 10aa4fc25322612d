package org.sealwax.mail.message;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;
import static org.sealwax.testkit.fuzz.FuzzTarget.text;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Header sections that come in, and header fields that we write with text from clients. */
public final class MessageFuzzTargets {
  private static final Instant NOW = Instant.parse("2026-11-23T22:20:35Z");
  private static final Domain HOST = Domain.of("mx.example.org");

  private MessageFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        FuzzTarget.ofTexts(
            "header-scan",
            MessageFuzzTargets::scan,
            "Received: from a by b; date\r\nDelivered-To: a@b.example\r\nFrom: x\r\n\r\nbody",
            "Message-ID:\r\n <a@b>\r\nTLS-Required: No\r\nDate : x\r\n\r\n",
            "no field\r\nReceived: x\r\n",
            " continuation\r\n",
            "Received:" + "x".repeat(500) + "\r\n\t" + "y".repeat(500) + "\r\n\r\n"),
        FuzzTarget.ofTexts(
            "header-separator",
            MessageFuzzTargets::separated,
            "Received: from a by b; date\r\nDelivered-To: a@b.example\r\n\r\nbody",
            " Received: x\r\nTLS-Required: No\r\n\r\n",
            "A: b\r\nno field\r\nDelivered-To: a@b.example\r\n\r\n",
            "A   \t: b\r\n\r\n"),
        FuzzTarget.ofTexts(
            "forged-results",
            MessageFuzzTargets::withoutForgedResults,
            "From: x\r\nAuthentication-Results: mx.example.org; spf=pass\r\n\r\nbody",
            "Authentication-Results : (a (b) \\)) \"mx.example.org\" 1;\r\n\tspf=pass\r\nA: b\r\n c\r\n",
            "Authentication-Results: other.example;\r\n none\r\n\r\nAuthentication-Results: x\r\n"),
        FuzzTarget.ofTexts(
            "received-field",
            MessageFuzzTargets::received,
            "mx.example.org\nCN name\nuser\nodd local part",
            "a b (c) \"d\" \\\ne\nf\ng",
            "\u00c3\u00a9\n\u00c3\u00a9\n\u00c3\u00a9\n\u00c3\u00a9"),
        FuzzTarget.ofTexts(
            "delivery-status",
            MessageFuzzTargets::notification,
            "550 5.1.1 no\nmx.example.org[192.0.2.1]:25\nrfc822;a+40b.example\nenv+2Bid\nlocal\n"
                + "Subject: x",
            "\u00c3\u00a9\n\u00c3\u00a9\nutf-8;\u00c3\u00a9@b\n+\n\u00c3\u00a9\n\r\n.\r\n"));
  }

  /** In one call or in many; a second pass finds nothing, and other fields stay. */
  private static void withoutForgedResults(byte[] input) throws IOException {
    byte[] whole = filtered(input, input.length + 1);
    for (int piece : new int[] {1, 3, 64}) {
      holds(Arrays.equals(whole, filtered(input, piece)), "pieces of " + piece);
    }
    holds(Arrays.equals(whole, filtered(whole, 64)), "a field was left");
    String text = new String(whole, StandardCharsets.ISO_8859_1);
    int at = 0;
    String came = new String(input, StandardCharsets.ISO_8859_1);
    for (int i = 0; i < text.length(); i++) {
      at = came.indexOf(text.charAt(i), at) + 1;
      holds(at > 0, "a byte that did not come in");
    }
    holds(
        whole.length == input.length
            || came.toLowerCase(Locale.ROOT).contains("authentication-results"),
        "another field is gone");
  }

  private static byte[] filtered(byte[] input, int piece) throws IOException {
    ForgedResultsFilter filter = new ForgedResultsFilter("mx.example.org");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int at = 0; at < input.length; at += piece) {
      filter.take(input, at, Math.min(piece, input.length - at), out);
    }
    filter.end(out);
    return out.toByteArray();
  }

  private static void scan(byte[] input) {
    HeaderScanner whole = new HeaderScanner(2_000);
    whole.feed(input, 0, input.length);
    whole.end();
    for (int piece : new int[] {1, 3, 64}) {
      HeaderScanner cut = new HeaderScanner(2_000);
      for (int at = 0; at < input.length; at += piece) {
        cut.feed(input, at, Math.min(piece, input.length - at));
      }
      cut.end();
      holds(seen(cut).equals(seen(whole)), seen(cut) + " in pieces of " + piece + seen(whole));
    }
    holds(whole.size() <= 2_001, "size");
    for (String mailbox : whole.hops().deliveredTo()) {
      holds(mailbox.indexOf('\n') < 0, "a line break in a value");
    }
    whole.hops().hasPassed(new Mailbox("a", Domain.of("b.example")));
  }

  /**
   * After our own field, every reader sees the section that we scanned, and the message is whole.
   */
  private static void separated(byte[] input) throws IOException {
    HeaderScanner alone = new HeaderScanner();
    alone.feed(input, 0, input.length);
    alone.end();
    for (int piece : new int[] {1, 13, Math.max(1, input.length)}) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      out.writeBytes(new byte[] {'R', 'e', 'c', 'e', 'i', 'v', 'e', 'd', ':', '\r', '\n'});
      HeaderSeparator separator = new HeaderSeparator(new HeaderScanner());
      for (int at = 0; at < input.length; at += piece) {
        separator.take(input, at, Math.min(piece, input.length - at), out);
      }
      separator.end(out);
      HeaderScanner scan = new HeaderScanner();
      scan.feed(out.toByteArray(), 0, out.size());
      scan.end();
      holds(!scan.malformed(), "a section without an end");
      holds(scan.hops().received() == alone.hops().received() + 1, "other fields than scanned");
      holds(scan.hops().deliveredTo().equals(alone.hops().deliveredTo()), "another Delivered-To");
      holds(scan.tlsRequired() == alone.tlsRequired(), "another TLS-Required");
      int more = alone.malformed() ? 13 : 11;
      holds(out.size() == input.length + more, "not the message and one empty line");
    }
  }

  private static String seen(HeaderScanner scan) {
    // What a section that is too large contains after its limit depends on the pieces, and does
    // not matter: such a message is refused.
    return scan.tooLarge()
        ? "too large"
        : scan.hops() + " " + scan.malformed() + scan.size() + scan.done() + scan.tlsRequired();
  }

  /** Fields of this name in a header section (RFC 5322 3.6). */
  private static long fields(String message, String name) {
    return message
        .lines()
        .takeWhile(line -> !line.isEmpty())
        .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(name + ":"))
        .count();
  }

  private static String part(String[] parts, int number) {
    return number < parts.length ? parts[number] : "";
  }

  /** Clients choose HELO, certificate names, user and recipient; they write no lines here. */
  private static void received(byte[] input) {
    String[] parts = text(input).split("\n", 4);
    String name = part(parts, 1).replace("\\", "\\\\").replace("\"", "\\\"");
    NamedCertificate leaf;
    try {
      leaf = new NamedCertificate("CN=\"" + name + "\"", "O=\"" + name + "\"");
    } catch (IllegalArgumentException e) {
      leaf = new NamedCertificate("CN=a", "CN=b");
    }
    Handshake tls =
        new Handshake(
            TlsVersion.TLS_1_3,
            "TLS_AES_256_GCM_SHA384",
            256,
            "X25519",
            false,
            null,
            List.of(leaf),
            true,
            new Verdict.Verified(Verdict.IdentifiedBy.NAME, part(parts, 1)),
            List.of());
    for (ReceivedHeader.Protocol protocol :
        new ReceivedHeader.Protocol[] {
          ReceivedHeader.Protocol.ESMTPS, ReceivedHeader.Protocol.UTF8SMTPS
        }) {
      String local = part(parts, 3);
      String field =
          new ReceivedHeader(
                  new ReceivedHeader.ReceivedFrom(
                      part(parts, 0), null, InetAddress.ofLiteral("192.0.2.1")),
                  HOST,
                  protocol,
                  "4GkTz1AB",
                  local.isEmpty() ? null : new Mailbox(local, HOST),
                  tls,
                  part(parts, 2),
                  NOW,
                  ZoneOffset.UTC)
              .toString();
      holds(field.endsWith("+0000\r\n") || field.endsWith("\r\n"), "the end");
      String[] lines = field.substring(0, field.length() - 2).split("\r\n", -1);
      for (int i = 0; i < lines.length; i++) {
        holds(i == 0 || lines[i].startsWith("\t"), "a line of a stranger: " + lines[i]);
        holds(
            lines[i].chars().allMatch(c -> c == '\t' || c >= ' ' && c != 0x7f),
            "a control character");
        holds(lines[i].getBytes(StandardCharsets.UTF_8).length <= 998, "a line too long");
      }
      holds(field.chars().allMatch(c -> c < 0x80), "not ASCII");
      HeaderScanner scan = new HeaderScanner();
      byte[] bytes = field.getBytes(StandardCharsets.UTF_8);
      scan.feed(bytes, 0, bytes.length);
      scan.feed(new byte[] {'\r', '\n'}, 0, 2);
      holds(scan.hops().received() == 1 && !scan.malformed() && scan.done(), "not one field");
    }
  }

  /** Remote hosts and senders choose the words; they write no parts and no header fields here. */
  private static void notification(byte[] input) throws IOException {
    String[] parts = text(input).split("\n", 6);
    String local = part(parts, 4);
    Mailbox mailbox = new Mailbox(local.isEmpty() ? "x" : local, HOST);
    DeliveryStatus.DsnRecipient recipient =
        new DeliveryStatus.DsnRecipient(
            DeliveryStatus.DsnAction.FAILED,
            mailbox,
            part(parts, 2),
            "5.1.1",
            part(parts, 0),
            part(parts, 1),
            part(parts, 0),
            part(parts, 1),
            NOW);
    // As the spool may hold it: lines end in CRLF.
    byte[] content =
        part(parts, 5)
            .replace("\r", "")
            .replace("\0", "")
            .replace("\n", "\r\n")
            .getBytes(StandardCharsets.UTF_8);
    for (DeliveryStatus.ReturnedContent back :
        List.of(
            new DeliveryStatus.ReturnedContent.Nothing(),
            new DeliveryStatus.ReturnedContent.HeaderOnly(new ByteArrayInputStream(content)),
            new DeliveryStatus.ReturnedContent.FullMessage(new ByteArrayInputStream(content)))) {
      DeliveryStatus status =
          new DeliveryStatus(
              "DSN00000001",
              "MSG00000001",
              HOST.name(),
              mailbox,
              NOW,
              NOW,
              part(parts, 3),
              List.of(recipient),
              back);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      status.writeTo(out);
      String written = out.toString(StandardCharsets.UTF_8);
      String rest = written.replace("\r\n", "");
      holds(rest.indexOf('\r') < 0 && rest.indexOf('\n') < 0, "a bare CR or LF");
      holds(rest.indexOf('\0') < 0, "a NUL");
      int bounds = written.split("\r\n--=_DSN00000001.MSG00000001", -1).length - 1;
      holds(
          bounds == (back instanceof DeliveryStatus.ReturnedContent.Nothing ? 3 : 4)
              || text(content).contains("--=_DSN"),
          bounds + " boundaries");
      HeaderScanner scan = new HeaderScanner();
      scan.feed(out.toByteArray(), 0, out.size());
      holds(!scan.malformed() && scan.done(), "its header");
      for (String name : List.of("from", "date", "message-id")) {
        holds(fields(out.toString(StandardCharsets.UTF_8), name) == 1, "one " + name);
      }
    }
  }
}
