package org.sealwax.lab.site;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The one permanent host of a public lab: takes bounces and reports for live tokens only.
 * Thread-safe.
 */
public final class ReturnHost implements LiveSite.SiteMailHandler {
  private final Map<String, ReturnMail> returnMailByDomain = new ConcurrentHashMap<>();

  /** From now on mail for the token's zone is taken. */
  public void open(String zone, ReturnMail office) {
    returnMailByDomain.put(zone, office);
  }

  /** From now on it is not. */
  public void close(String zone) {
    returnMailByDomain.remove(zone);
  }

  private Optional<ReturnMail> returnMail(String domain) {
    int dot = domain.indexOf('.');
    return Optional.ofNullable(returnMailByDomain.get(domain.substring(dot + 1)))
        .filter(o -> o.acceptsDomain(domain));
  }

  @Override
  public boolean acceptsDomain(String domain) {
    return returnMail(domain).isPresent();
  }

  @Override
  public LiveSite.BodyScan scan(Collection<String> domains) {
    List<LiveSite.BodyScan> scans =
        domains.stream()
            .distinct()
            .flatMap(d -> returnMail(d).stream())
            .distinct()
            .map(o -> o.scan(domains))
            .toList();
    return new LiveSite.BodyScan() {
      @Override
      public void take(byte[] block, int offset, int length) throws java.io.IOException {
        for (LiveSite.BodyScan scan : scans) {
          scan.take(block, offset, length);
        }
      }

      @Override
      public void ended() {
        scans.forEach(LiveSite.BodyScan::ended);
      }
    };
  }
}
