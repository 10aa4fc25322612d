package org.sealwax.router.feedback;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PushbackInputStream;
import java.io.Reader;
import java.net.InetAddress;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.feedback.AggregateReport.AggregateRow;
import org.sealwax.router.feedback.AggregateReport.Disposition;
import org.sealwax.router.feedback.AggregateReport.Evaluation;
import org.sealwax.router.reports.inbox.UnpackedInput;

/**
 * Reads the XML of a DMARC aggregate report (RFC 9990 appendix A, RFC 7489 appendix C). Elements
 * count in any namespace, since reporters write the former, the present or none; elements that are
 * not needed are skipped. A document type declaration is refused: no entity is ever expanded but
 * the five of XML, and nothing outside of the document is read.
 */
final class AggregateReportXml {
  /** Bytes of a report after unpacking; one row has some hundred. */
  static final int MAX_BYTES = 8 << 20;

  /** Elements inside each other; the schema has five. */
  static final int MAX_DEPTH = 12;

  /** Different values of an evaluation: so many rows may have {@link ReportSource#OTHER}. */
  private static final int EVALUATIONS = 16;

  private static final Pattern DIGITS = Pattern.compile("[0-9]{1,18}");
  private static final Pattern IPV4 = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");
  private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:.]{2,45}");

  private static final String METADATA = "feedback/report_metadata/";
  private static final String ROW = "feedback/record/row/";

  /** The values that are read, by their way from the root. */
  private static final Set<String> WANTED =
      Set.of(
          METADATA + "org_name",
          METADATA + "report_id",
          METADATA + "date_range/begin",
          METADATA + "date_range/end",
          "feedback/policy_published/domain",
          ROW + "source_ip",
          ROW + "count",
          ROW + "policy_evaluated/disposition",
          ROW + "policy_evaluated/dkim",
          ROW + "policy_evaluated/spf");

  private final Map<String, String> head = new HashMap<>();
  private final Map<String, String> row = new HashMap<>();
  private final Map<AggregateRow, Long> messages = new LinkedHashMap<>();
  private int leftOut;

  private AggregateReportXml() {}

  /** The document is not what the schema states. */
  private static final class UnreadableException extends Exception {
    private static final long serialVersionUID = 1;

    UnreadableException(String why) {
      super(why);
    }
  }

  /**
   * Reads a document.
   *
   * @param xml limits its size itself
   */
  static ReportParse<AggregateReport> read(InputStream xml) {
    try {
      return new ReportParse.Report<>(new AggregateReportXml().report(xml));
    } catch (UnreadableException e) {
      return new ReportParse.Unreadable<>(String.valueOf(e.getMessage()));
    } catch (XMLStreamException | IOException | RuntimeException e) {
      // The library's messages quote the document.
      return new ReportParse.Unreadable<>(flaw(e));
    }
  }

  private static String flaw(Exception e) {
    Throwable cause = e;
    while (cause != null && !(cause instanceof IOException)) {
      cause =
          cause instanceof XMLStreamException stream && stream.getNestedException() != null
              ? stream.getNestedException()
              : cause.getCause();
    }
    return switch (cause) {
      case UnpackedInput.TooLargeException large -> FailureText.of(large);
      case CharacterCodingException undecodable -> "malformed XML";
      case null -> "malformed XML";
      default -> "a damaged archive";
    };
  }

  /**
   * The characters of a document: UTF-16 where it begins with a byte order mark, else UTF-8,
   * whatever it declares. The library would print what is wrong with them to standard error.
   */
  private static Reader decoded(InputStream xml) throws IOException {
    PushbackInputStream in = new PushbackInputStream(xml, 3);
    byte[] mark = in.readNBytes(3);
    int first = mark.length > 1 ? (mark[0] & 0xff) << 8 | (mark[1] & 0xff) : 0;
    boolean wide = first == 0xfeff || first == 0xfffe;
    boolean utf8 =
        mark.length == 3
            && mark[0] == (byte) 0xef
            && mark[1] == (byte) 0xbb
            && mark[2] == (byte) 0xbf;
    if (!utf8) {
      in.unread(mark);
    }
    CharsetDecoder decoder =
        (wide ? StandardCharsets.UTF_16 : StandardCharsets.UTF_8)
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    return new InputStreamReader(in, decoder);
  }

  private static XMLInputFactory factory() {
    XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    factory.setProperty(XMLInputFactory.IS_COALESCING, false);
    // Without one, the library prints to standard error what is wrong with the document.
    factory.setXMLReporter((message, type, related, at) -> {});
    factory.setXMLResolver(
        (publicId, systemId, base, namespace) -> {
          throw new XMLStreamException("nothing outside is read");
        });
    return factory;
  }

  private AggregateReport report(InputStream xml)
      throws XMLStreamException, IOException, UnreadableException {
    XMLStreamReader events = factory().createXMLStreamReader(decoded(xml));
    try {
      walk(events);
    } finally {
      events.close();
    }
    Instant begin = time(METADATA + "date_range/begin");
    Instant end = time(METADATA + "date_range/end");
    if (end.isBefore(begin)) {
      throw new UnreadableException("a period that ends before it begins");
    }
    return new AggregateReport(
        required(METADATA + "org_name"),
        required(METADATA + "report_id"),
        begin,
        end,
        Domain.parse(required("feedback/policy_published/domain"))
            .orElseThrow(() -> new UnreadableException("a policy domain that is not a domain")),
        messages,
        leftOut);
  }

  private void walk(XMLStreamReader events) throws XMLStreamException, UnreadableException {
    Deque<String> ways = new ArrayDeque<>();
    StringBuilder text = new StringBuilder();
    while (events.hasNext()) {
      switch (events.next()) {
        case XMLStreamConstants.START_ELEMENT -> {
          if (ways.size() == MAX_DEPTH) {
            throw new UnreadableException("elements more than " + MAX_DEPTH + " deep");
          }
          String way =
              ways.isEmpty() ? events.getLocalName() : ways.peek() + "/" + events.getLocalName();
          if (ways.isEmpty() && !way.equals("feedback")) {
            throw new UnreadableException("the root is not feedback");
          }
          // What is not wanted has no long way, whatever its elements are called.
          ways.push(isOnTheWay(way) ? way : "");
          text.setLength(0);
        }
        case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA, XMLStreamConstants.SPACE -> {
          if (!ways.isEmpty() && WANTED.contains(ways.peek())) {
            append(text, events);
          }
        }
        case XMLStreamConstants.END_ELEMENT -> ended(ways.pop(), text.toString().strip());
        case XMLStreamConstants.DTD, XMLStreamConstants.ENTITY_REFERENCE ->
            throw new UnreadableException("a document type declaration");
        default -> {
          // Comments and processing instructions.
        }
      }
    }
  }

  private static boolean isOnTheWay(String way) {
    return WANTED.stream().anyMatch(w -> w.equals(way) || w.startsWith(way + "/"));
  }

  private static void append(StringBuilder text, XMLStreamReader events)
      throws UnreadableException {
    if (text.length() + events.getTextLength() > 4 * AggregateReport.MAX_NAME) {
      throw new UnreadableException("a value is too long");
    }
    text.append(events.getText());
  }

  private void ended(String way, String text) throws UnreadableException {
    if (WANTED.contains(way)) {
      boolean inRow = way.startsWith(ROW);
      if (text.length() > AggregateReport.MAX_NAME) {
        throw new UnreadableException("a value is too long");
      }
      if ((inRow ? row : head).putIfAbsent(way, text) != null) {
        throw new UnreadableException("an element twice");
      }
    } else if (way.equals("feedback/record")) {
      add();
      row.clear();
    }
  }

  /** One row; what it states is checked, and a row that breaks the schema is left out alone. */
  private void add() {
    Optional<String> source = address(row.getOrDefault(ROW + "source_ip", ""));
    String count = row.getOrDefault(ROW + "count", "");
    Optional<Boolean> dkim = passes("dkim");
    Optional<Boolean> spf = passes("spf");
    Optional<Disposition> disposition =
        disposition(row.getOrDefault(ROW + "policy_evaluated/disposition", ""));
    if (source.isEmpty()
        || !DIGITS.matcher(count).matches()
        || dkim.isEmpty()
        || spf.isEmpty()
        || disposition.isEmpty()) {
      leftOut++;
      return;
    }
    Evaluation evaluation = new Evaluation(dkim.get(), spf.get(), disposition.get());
    AggregateRow key = new AggregateRow(new ReportSource(source.get()), evaluation);
    if (messages.size() >= AggregateReport.MAX_ROWS - EVALUATIONS && !messages.containsKey(key)) {
      key = new AggregateRow(ReportSource.OTHER, evaluation);
    }
    messages.merge(
        key,
        Math.min(Long.parseLong(count), AggregateReport.MAX_COUNT),
        (a, b) -> Math.min(a + b, AggregateReport.MAX_COUNT));
  }

  private Optional<Boolean> passes(String method) {
    return switch (row.getOrDefault(ROW + "policy_evaluated/" + method, "")) {
      case "pass" -> Optional.of(true);
      case "fail" -> Optional.of(false);
      default -> Optional.empty();
    };
  }

  private static Optional<Disposition> disposition(String word) {
    for (Disposition one : Disposition.values()) {
      if (one.name().toLowerCase(Locale.ROOT).equals(word)) {
        return Optional.of(one);
      }
    }
    return Optional.empty();
  }

  private static Optional<String> address(String text) {
    boolean ip =
        IPV4.matcher(text).matches() || text.indexOf(':') >= 0 && IPV6.matcher(text).matches();
    try {
      return ip ? Optional.of(AddressText.of(InetAddress.ofLiteral(text))) : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private String required(String way) throws UnreadableException {
    String text = head.getOrDefault(way, "");
    if (text.isEmpty()) {
      throw new UnreadableException("no " + way.substring(way.lastIndexOf('/') + 1));
    }
    return text;
  }

  private Instant time(String way) throws UnreadableException {
    String text = required(way);
    long seconds = DIGITS.matcher(text).matches() ? Long.parseLong(text) : -1;
    // Until the year 9999; milliseconds of our time are beyond it.
    if (seconds < 0 || seconds > 253_402_300_799L) {
      throw new UnreadableException("a time that is not in seconds");
    }
    return Instant.ofEpochSecond(seconds);
  }
}
