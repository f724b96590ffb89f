import css from '../../src/panel/panel.css';

// Styles that all panels share: they are there before the first panel opens.
const style = document.createElement('style');
style.textContent = css;
document.head.append(style);
