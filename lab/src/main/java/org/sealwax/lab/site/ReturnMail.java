package org.sealwax.lab.site;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.Clock;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * Where a token's bounces and TLS reports go. Messages are read for the trap that they are about,
 * and dropped. Thread-safe.
 */
public final class ReturnMail implements LiveSite.SiteMailHandler {
  /**
   * Maximum number of bytes of a message that are read: a notice for a hundred recipients has some
   * 60,000.
   */
  static final int MAX_SCAN = 512 * 1_024;

  /** Bytes of a report when unpacked: a gzip bomb ends here. */
  static final int MAX_REPORT = 1 << 20;

  /** A line of Base64 as MIME has it (RFC 2045 6.8). */
  private static final Pattern BASE64 = Pattern.compile("[A-Za-z0-9+/]{1,76}={0,2}");

  private static final Pattern SIGNED = Pattern.compile("(?im)^DKIM-Signature:");

  private final Map<String, Sighting> sightings;
  private final List<String> domains;
  private final String zone;
  private final Clock clock;

  /**
   * @param sightings by label
   * @param domains for which mail is taken
   * @param zone the token's, below which the sites are
   */
  ReturnMail(Map<String, Sighting> sightings, List<String> domains, String zone, Clock clock) {
    this.sightings = sightings;
    this.domains = List.copyOf(domains);
    this.zone = zone;
    this.clock = clock;
  }

  @Override
  public boolean acceptsDomain(String domain) {
    return domains.contains(domain);
  }

  @Override
  public LiveSite.BodyScan scan(Collection<String> to) {
    ByteArrayOutputStream seen = new ByteArrayOutputStream();
    return new LiveSite.BodyScan() {
      @Override
      public void take(byte[] block, int offset, int length) {
        seen.write(block, offset, Math.min(length, MAX_SCAN - seen.size()));
      }

      @Override
      public void ended() {
        read(seen.toString(StandardCharsets.ISO_8859_1));
      }
    };
  }

  /** A message: notices (RFC 3464) and reports (RFC 8460) are recognized by their parts. */
  void read(String message) {
    notices(message);
    if (message.toLowerCase(Locale.ROOT).contains("application/tlsrpt")) {
      boolean signed = SIGNED.matcher(message).find();
      StringBuilder block = new StringBuilder();
      for (String line : message.lines().toList()) {
        if (BASE64.matcher(line).matches()) {
          block.append(line);
        } else {
          packed(block, signed);
        }
      }
      packed(block, signed);
    }
  }

  private void packed(StringBuilder block, boolean signed) {
    try {
      if (block.length() > 0) {
        report(Base64.getDecoder().decode(block.toString()), "mail", signed);
      }
    } catch (IllegalArgumentException e) {
      // No Base64 after all.
    } finally {
      block.setLength(0);
    }
  }

  private void notices(String message) {
    String recipient = "";
    String action = "";
    String status = "";
    List<String> lines = new ArrayList<>(message.lines().toList());
    lines.add("");
    for (String line : lines) {
      int colon = line.indexOf(':');
      String name = colon < 0 ? "" : line.substring(0, colon).toLowerCase(Locale.ROOT);
      String value = colon < 0 ? "" : line.substring(colon + 1).strip().toLowerCase(Locale.ROOT);
      switch (name) {
        case "final-recipient", "original-recipient" ->
            recipient = value.substring(value.indexOf(';') + 1).strip();
        case "action" -> action = value;
        case "status" -> status = value;
        default -> {
          if (line.isBlank() && !recipient.isEmpty() && !action.isEmpty()) {
            Sighting of = sightings.get(label(recipient.substring(recipient.indexOf('@') + 1)));
            if (of != null) {
              of.add(new TrapEvent.DsnReturned(clock.now(), action, status));
            }
            recipient = "";
            action = "";
            status = "";
          }
        }
      }
    }
  }

  private String label(String domain) {
    return domain.endsWith("." + zone)
        ? domain.substring(0, domain.length() - zone.length() - 1)
        : "";
  }

  /** A report, compressed or not; other content is ignored. */
  boolean report(byte[] body, String way, boolean signed) {
    try {
      byte[] json = body;
      if (body.length > 2 && body[0] == 0x1f && (body[1] & 0xff) == 0x8b) {
        json = new GZIPInputStream(new ByteArrayInputStream(body)).readNBytes(MAX_REPORT);
      }
      return read(Json.read(new String(json, StandardCharsets.UTF_8)), way, signed);
    } catch (IOException | JacksonException e) {
      return false;
    }
  }

  private boolean read(JsonNode report, String way, boolean signed) {
    boolean any = false;
    for (JsonNode policy : report.path("policies")) {
      String domain =
          policy.path("policy").path("policy-domain").asString("").toLowerCase(Locale.ROOT);
      Sighting of = sightings.get(label(domain));
      if (of == null) {
        continue;
      }
      List<String> types = new ArrayList<>();
      for (JsonNode detail : policy.path("failure-details")) {
        types.add(detail.path("result-type").asString(""));
      }
      JsonNode summary = policy.path("summary");
      of.add(
          new TrapEvent.TlsReportReceived(
              clock.now(),
              way,
              types,
              summary.path("total-successful-session-count").asLong(0),
              summary.path("total-failure-session-count").asLong(0),
              signed));
      any = true;
    }
    return any;
  }

  /** Answers a report by HTTPS (RFC 8460 5.4). */
  PolicyHostServer.PolicyServerResponse answer(PolicyHostServer.PolicyServerRequest request) {
    boolean good = request.head().method().equals("POST") && report(request.body(), "https", false);
    return PolicyHostServer.PolicyServerResponse.of(
        good ? 201 : 400, "text/plain", good ? "thanks\n" : "what?\n");
  }
}
