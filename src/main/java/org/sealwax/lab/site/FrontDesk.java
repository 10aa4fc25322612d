package org.sealwax.lab.site;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The one host of a public lab that is there for good: takes the bounces and reports of live
 * tokens, for nobody else. Thread-safe.
 */
public final class FrontDesk implements Place.Correspondence {
  private final Map<String, PostOffice> offices = new ConcurrentHashMap<>();

  /** From now on mail for the token's zone is taken. */
  public void open(String zone, PostOffice office) {
    offices.put(zone, office);
  }

  /** From now on it is not. */
  public void close(String zone) {
    offices.remove(zone);
  }

  private Optional<PostOffice> office(String domain) {
    int dot = domain.indexOf('.');
    return Optional.ofNullable(offices.get(domain.substring(dot + 1))).filter(o -> o.takes(domain));
  }

  @Override
  public boolean takes(String domain) {
    return office(domain).isPresent();
  }

  @Override
  public Place.Scan scan(Collection<String> domains) {
    List<Place.Scan> scans =
        domains.stream()
            .distinct()
            .flatMap(d -> office(d).stream())
            .distinct()
            .map(o -> o.scan(domains))
            .toList();
    return new Place.Scan() {
      @Override
      public void take(byte[] block, int offset, int length) throws java.io.IOException {
        for (Place.Scan scan : scans) {
          scan.take(block, offset, length);
        }
      }

      @Override
      public void ended() {
        scans.forEach(Place.Scan::ended);
      }
    };
  }
}
