package org.sealwax.router.log;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.FailureText;
import org.slf4j.ILoggerFactory;
import org.slf4j.IMarkerFactory;
import org.slf4j.Logger;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.helpers.BasicMarkerFactory;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.helpers.MessageFormatter;
import org.slf4j.helpers.NOPLogger;
import org.slf4j.helpers.NOPMDCAdapter;
import org.slf4j.spi.MDCAdapter;
import org.slf4j.spi.SLF4JServiceProvider;

/**
 * An slf4j back end that writes the messages of libraries, from WARN up, as warnings of our own log
 * (ADR 0027): one format, one stream, no logging framework to load at start. Commands without a log
 * drop the messages, but for those of {@link FailureText}, which go to standard error.
 */
public final class LibraryLog implements SLF4JServiceProvider {
  private static final class Destination {
    private static volatile @Nullable MailLog log;
  }

  private final ILoggerFactory loggers = new Loggers();
  private final IMarkerFactory markers = new BasicMarkerFactory();
  private final MDCAdapter context = new NOPMDCAdapter();

  /** For the service loader. */
  public LibraryLog() {}

  /** Sets the log that warnings go to from now on, or that there is none. */
  public static void lead(@Nullable MailLog log) {
    Destination.log = log;
  }

  @Override
  public ILoggerFactory getLoggerFactory() {
    return loggers;
  }

  @Override
  public IMarkerFactory getMarkerFactory() {
    return markers;
  }

  @Override
  public MDCAdapter getMDCAdapter() {
    return context;
  }

  @Override
  public String getRequestedApiVersion() {
    return "2.0.99";
  }

  @Override
  public void initialize() {}

  private static final class Loggers implements ILoggerFactory {
    private final Map<String, Logger> known = new ConcurrentHashMap<>();

    @Override
    public Logger getLogger(String name) {
      // The DNS library reports every forged or expired signature as an error with its stack; what
      // other domains publish must not fill our log. Our own log lines report what did not
      // validate.
      return known.computeIfAbsent(
          name, n -> n.startsWith("org.xbill.") ? NOPLogger.NOP_LOGGER : new LibraryLogger(n));
    }
  }

  private static final class LibraryLogger extends LegacyAbstractLogger {
    private static final long serialVersionUID = 1L;

    private LibraryLogger(String name) {
      this.name = name;
    }

    @Override
    protected @Nullable String getFullyQualifiedCallerName() {
      return null;
    }

    @Override
    protected void handleNormalizedLoggingCall(
        Level level,
        @Nullable Marker marker,
        String text,
        Object @Nullable [] arguments,
        @Nullable Throwable cause) {
      MailLog log = Destination.log;
      String formatted = MessageFormatter.basicArrayFormat(text, arguments);
      String line = name + ": " + formatted + (cause == null ? "" : ": " + cause);
      if (log != null) {
        log.warning("library", line);
      } else if (isEnabled()) {
        StringBuilder note = new StringBuilder("note: ");
        LogLine.escape(line, note);
        System.err.println(note);
      }
    }

    /** Without a log only what {@link FailureText} leaves out of a message, as a note to it. */
    private boolean isEnabled() {
      return Destination.log != null || name.equals(FailureText.LOGGER);
    }

    @Override
    public boolean isTraceEnabled() {
      return false;
    }

    @Override
    public boolean isDebugEnabled() {
      return false;
    }

    @Override
    public boolean isInfoEnabled() {
      return false;
    }

    @Override
    public boolean isWarnEnabled() {
      return isEnabled();
    }

    @Override
    public boolean isErrorEnabled() {
      return isEnabled();
    }
  }
}
