package org.sealwax.router.control;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.certs.HostKey;
import org.sealwax.router.certs.ServerCertificates;
import org.sealwax.router.certs.rollover.KeyRollover;
import org.sealwax.router.certs.rollover.RolloverState;
import org.sealwax.router.certs.rollover.RolloverState.Phase;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The keys of a server as TLSA records name them: the answer to the request {@code keys}.
 *
 * @param hosts the certificates in force, by name
 * @param next the other key of a rollover, while its record is needed
 */
public record KeyReport(List<HostKey> hosts, Optional<TlsaRecord> next) {
  /** Names in one request. */
  private static final int MAX_HOSTS = 200;

  /** Copies. */
  public KeyReport {
    hosts = List.copyOf(hosts);
  }

  /**
   * {@return the report}
   *
   * @param certificates those of the server
   * @param rollover null: none is configured
   * @param names of the server
   * @throws IOException when a pair cannot be used
   */
  public static KeyReport of(
      ServerCertificates certificates, @Nullable KeyRollover rollover, List<Domain> names)
      throws IOException {
    List<HostKey> hosts = new ArrayList<>();
    try {
      for (Domain name : names) {
        HostKey.of(certificates, name).ifPresent(hosts::add);
      }
    } catch (IllegalStateException e) {
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw e;
    }
    return new KeyReport(
        hosts, rollover == null ? Optional.empty() : next(rollover.status().state()));
  }

  private static Optional<TlsaRecord> next(RolloverState state) {
    boolean goes = state.phase() == Phase.WITHDRAW || state.phase() == Phase.EXPIRE;
    return goes ? Optional.empty() : state.other().map(key -> key.tlsa());
  }

  /** {@return the request for the keys of some names} */
  public static ObjectNode request(List<Domain> names) {
    ObjectNode request = ControlClient.request("keys");
    ArrayNode hosts = request.putArray("names");
    names.stream().limit(MAX_HOSTS).forEach(name -> hosts.add(name.name()));
    return request;
  }

  /** The answer of a running server. */
  static JsonNode answer(
      JsonNode request, ServerCertificates certificates, @Nullable KeyRollover rollover)
      throws ControlServer.ControlRequestRefused {
    List<Domain> names = new ArrayList<>();
    for (JsonNode name : request.path("names")) {
      Domain.parse(name.asString("")).filter(_ -> names.size() < MAX_HOSTS).ifPresent(names::add);
    }
    try {
      return of(certificates, rollover, names).json();
    } catch (IOException e) {
      throw new ControlServer.ControlRequestRefused(FailureText.of(e));
    }
  }

  private ObjectNode json() {
    ObjectNode out = Json.object();
    ArrayNode keys = out.putArray("keys");
    for (HostKey host : hosts) {
      ObjectNode each = keys.addObject();
      each.put("host", host.host().name());
      each.put("tlsa", host.tlsa().toString());
      ArrayNode forms = each.putArray("forms");
      host.forms().forEach(form -> forms.add(form.toString()));
    }
    next.ifPresent(key -> out.put("next", key.toString()));
    return out;
  }

  /**
   * {@return the report in an answer}
   *
   * @throws IOException when it is malformed
   */
  public static KeyReport read(JsonNode answer) throws IOException {
    List<HostKey> hosts = new ArrayList<>();
    for (JsonNode key : answer.path("keys")) {
      List<TlsaRecord> forms = new ArrayList<>();
      for (JsonNode form : key.path("forms")) {
        forms.add(tlsa(form.asString("")));
      }
      hosts.add(
          new HostKey(
              Domain.parse(key.path("host").asString("")).orElseThrow(KeyReport::malformed),
              tlsa(key.path("tlsa").asString("")),
              forms));
    }
    String next = answer.path("next").asString("");
    return new KeyReport(hosts, next.isEmpty() ? Optional.empty() : Optional.of(tlsa(next)));
  }

  private static TlsaRecord tlsa(String text) throws IOException {
    if (!text.matches("[23] [01] [12] ([0-9a-f]{64}|[0-9a-f]{128})")) {
      throw malformed();
    }
    String[] parts = text.split(" ");
    int usage = Integer.parseInt(parts[0]);
    int selector = Integer.parseInt(parts[1]);
    int matching = Integer.parseInt(parts[2]);
    return new TlsaRecord(usage, selector, matching, parts[3]);
  }

  private static IOException malformed() {
    return new IOException("the answer of the server is malformed");
  }
}
